"""Large answers are read and translated beside the event loop, so that other calls go on."""

from __future__ import annotations

import asyncio
import json

import pytest

from billing.rules import Rules
from providers.adapters import adapter_for
from providers.client import Client
from routing.demand import payment
from routing.gateway.account import Account
from routing.gateway.attempt import send_whole
from routing.gateway.carriage import carry
from routing.gateway.chat_request import read_chat
from routing.gateway.hub import Hub, Limits
from routing.gateway.messages_request import read_messages
from routing.plan import Candidate
from routing.resolve import only
from tests.gateway.values import CALLER, NOW, entry, offer

READERS = {"chat": read_chat, "messages": read_messages}


async def waits_its_turn(base_url: str, *, how: str, to: str) -> bool:
    """Whether an answer is read beside the event loop, where another one is just now."""
    said = {"model": "m", "max_tokens": 50_000, "messages": [{"role": "user", "content": "Hello"}]}
    request = READERS[how](json.dumps(said).encode(), {}, known_providers=[])
    pays = payment({}, Rules(), CALLER, {}, at=NOW)
    account = Account(id=1, caller=CALLER, destination=only(entry()), request=request, at=NOW, payment=pays)
    candidate = Candidate(entry(), offer(dialect=to, base_url=base_url), adapter_for("custom", to))
    account.carried = carry(request, candidate, output_limit=None, default=None, at=NOW)
    hub = Hub("test", None, None, None, Client(), None, Limits(), None, None)
    async with hub.large._turn:
        working = asyncio.ensure_future(send_whole(hub, None, account, account.begin(candidate, None)))
        done, _ = await asyncio.wait([working], timeout=0.5)
    assert len(await working) > 100
    await hub.client.aclose()
    return not done


@pytest.mark.parametrize(
    ("how", "to", "path", "waits"),
    [
        ("chat", "chat", "huge/1", True),
        ("chat", "messages", "huge/1", True),
        ("messages", "chat", "huge/1", True),
        ("chat", "chat", "tokens/20", False),
        ("messages", "chat", "tokens/20", False),
        ("messages", "chat", "tokens/12000", True),  # small to be passed on, large to be translated
        ("chat", "chat", "tokens/12000", False),
    ],
)
def test_a_large_answer_is_not_read_in_the_event_loop(simulator, how, to, path, waits):
    assert asyncio.run(waits_its_turn(simulator.path(path), how=how, to=to)) is waits
