"""Which candidates a call may go to, and where the work on its body is done."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest

from billing.rules import Rules
from providers.adapters import adapter_for
from routing.demand import payment
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.chat_request import read_chat
from routing.gateway.hub import Hub, Limits
from routing.gateway.large import LARGE
from routing.gateway.messages_request import read_count, read_messages
from routing.plan import Candidate
from routing.resolve import only
from tests.gateway.values import CALLER, NOW, entry, offer, snapshot

ODD = [{"role": "narrator", "content": "Hello"}]  # a role that some chat providers take
AT = {
    dialect: Candidate(entry(), offer(dialect=dialect), adapter_for("custom", dialect))
    for dialect in ("chat", "messages")
}
READERS = {"chat": read_chat, "messages": read_messages, "count": read_count}


async def waits_its_turn(how: str, to: str, letters: int) -> bool:
    """Whether the body is worked on beside the event loop, where another one is just now."""
    said = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x" * letters}]}
    request = READERS[how](json.dumps(said).encode(), {}, known_providers=[])
    pays = payment({}, Rules(), CALLER, {}, at=NOW)
    account = Account(id=1, caller=CALLER, destination=only(entry()), request=request, at=NOW, payment=pays)
    hub = Hub("test", None, None, None, None, None, Limits(), None, None)
    async with hub.large._turn:
        working = asyncio.ensure_future(Admission(hub, account, snapshot())._carry(AT[to]))
        await asyncio.sleep(0.01)
        waits = not working.done()
    await working
    return waits


@pytest.mark.parametrize(
    ("how", "to", "letters", "waits"),
    [
        ("messages", "messages", LARGE, True),
        ("messages", "messages", 10, False),
        ("messages", "chat", LARGE, True),
        ("chat", "messages", LARGE, True),
        ("chat", "chat", LARGE, False),
        ("count", "messages", LARGE, False),
    ],
)
def test_a_large_body_that_is_looked_into_is_not_worked_on_in_the_event_loop(how, to, letters, waits):
    assert asyncio.run(waits_its_turn(how, to, letters)) is waits


@pytest.fixture(scope="module")
def models(gateway, simulator):
    well, ill = simulator.path(), simulator.path("status/503")
    return gateway.make_all(
        {
            "translated, as it came": {"at": [("messages", well), well]},
            "translated": {"at": [("messages", well)]},
            "ill, translated": {"at": [ill, ("messages", well)]},
        }
    )


def ask(model):
    return model.client().chat.completions.with_raw_response.create(model=model.name, messages=ODD)


def test_what_a_translator_finds_malformed_goes_to_who_gets_it_as_it_came(models):
    model = models["translated, as it came"]

    assert ask(model).headers["x-llmhub-provider"] == model.providers[1]


@pytest.mark.parametrize(
    ("name", "code", "param"),
    [
        ("translated", "invalid_request", "messages[0].role"),
        (
            "ill, translated",
            "upstream_unavailable",
            None,
        ),  # it was told as it came: nobody says it is malformed
    ],
)
def test_without_one_the_caller_hears_what_is_wrong(models, name, code, param):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(models[name])

    assert (caught.value.code, caught.value.param) == (code, param)
