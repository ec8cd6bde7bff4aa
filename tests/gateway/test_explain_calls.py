"""Of every call through a running gateway, its plan is kept, and what happened followed it."""

from __future__ import annotations

import asyncio
import json
import random
import secrets

import aiohttp
import pytest

from routing.explain import block_of, decided_again, replayed
from routing.explain_block import read
from routing.policy_words import POLICIES
from tests.gateway import budgets
from tests.gateway.test_explain import same

CALLS = 300
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.fixture(scope="module")
def made(gateway, simulator):
    """Models that are cheap, dear, ill now and then, offered twice, blind, and without a price."""
    sees = {"capabilities": ["stream", "tools", "vision"]}
    plain, ill = simulator.path("tokens/10"), simulator.path("status/503")
    return gateway.make_all(
        {
            "cheap": {"at": [plain, ill], "prices": ("0.1", "0.4"), **sees},
            "dear": {"at": [plain], "prices": ("10", "40"), **sees},
            "ill": {"at": [ill, plain], "prices": ("0.2", "0.4"), **sees},
            "blind": {"at": [plain], "prices": ("0.1", "0.2"), "capabilities": ["stream"]},
            "free": {"at": [plain], "prices": None, **sees},
            "poor": {"at": [plain], "prices": ("0.1", "0.4"), **sees},
        }
    )


@pytest.fixture(scope="module")
def names(gateway, made):
    """Routes over them, of each policy."""
    from catalog.models import CatalogEntry
    from llmhub.audit.actor import SYSTEM
    from routing.route import Target, create_route

    chance, found = random.Random(7), []

    def make() -> None:
        entries = [CatalogEntry.objects.get(pk=each.entry_id) for each in made.values()]
        for policy in POLICIES * 2:
            name = f"route-{secrets.token_hex(4)}"
            targets = [Target(each, weight=chance.randint(0, 5)) for each in chance.sample(entries, 4)]
            create_route(
                actor=SYSTEM,
                name=name,
                targets=targets[:3],
                over_budget=targets[3:],
                policy=policy,
                max_cost_multiple=chance.choice([None, 2]),
                escalates=chance.random() < 0.3,
            )
            found.append(name)

    gateway.change(make)
    budgets.add(made["poor"], "0.0001", scope="model", name=made["poor"].name)
    return [*found, *(each.name for each in made.values())]


def body(chance: random.Random, names: list[str]) -> tuple[bytes, dict[str, str]]:
    content = [IMAGE] if chance.random() < 0.2 else "Hello"
    asked = {"model": chance.choice(names), "messages": [{"role": "user", "content": content}]}
    if chance.random() < 0.7:
        asked["max_tokens"] = chance.choice([5, 400])
    headers = {}
    if chance.random() < 0.3:
        headers["x-llmhub-policy"] = chance.choice(POLICIES)
    elif chance.random() < 0.2:
        asked["model"] += chance.choice([":floor", ":nitro"])
    if chance.random() < 0.3:
        headers["x-llmhub-session"] = f"s{chance.randint(1, 4)}"
    if chance.random() < 0.2:
        headers["x-llmhub-max-cost"] = chance.choice(["0.0002", "0.01"])
    return json.dumps(asked).encode(), headers


def ask_all(caller, wanted) -> list[tuple[str, int]]:
    """The ids and statuses of many calls, some at a time."""

    async def all_of_them() -> list[tuple[str, int]]:
        some = asyncio.Semaphore(8)
        headers = {"authorization": f"Bearer {caller.key}", "content-type": "application/json"}

        async def one(session, content, more) -> tuple[str, int]:
            url = f"{caller.gateway.url}/v1/chat/completions"
            async with some, session.post(url, data=content, headers=more) as answer:
                await answer.read()
                return answer.headers["x-llmhub-request-id"], answer.status

        async with aiohttp.ClientSession(headers=headers) as session:
            return await asyncio.gather(*(one(session, *each) for each in wanted))

    return asyncio.run(all_of_them())


def test_every_call_went_as_its_kept_plan_says_and_the_plan_can_be_made_again(gateway, made, names):
    from billing.models import Attempt, UsageRecord
    from routing.load import load_snapshot

    chance = random.Random(11)
    answers = ask_all(made["cheap"], [body(chance, names) for _ in range(CALLS)])

    with gateway.database():
        snapshot = load_snapshot()
        records = {row.pk: row for row in UsageRecord.objects.filter(team_id=made["cheap"].team_id)}
        tried = {pk: [] for pk in records}
        for row in Attempt.objects.filter(usage_id__in=records).order_by("usage_id", "number"):
            tried[row.usage_id].append(row.offer_id)
    sent = [row for row in records.values() if not row.refusals]
    assert len(sent) == sum(_was_sent(status) for _, status in answers)
    long = 0
    for record in sent:
        block = read(record.plan)
        again = replayed(block, snapshot)
        kept = [each.offer for each in block.kept]
        assert [each.offer.id for each in again.candidates] == kept
        assert [each.offer.id for each in again.dropped] == [each.offer for each in block.dropped]
        if not block.is_short:
            long += 1
            again = decided_again(block, snapshot)
            again.passed, again.max_cost_nano = list(block.passed), block.max_cost
            assert same(block_of(again)) == same(block)
        passed = {each.offer for each in block.passed}
        order = list(dict.fromkeys(tried[record.pk]))
        may = [each for each in kept if each not in passed]
        assert order == [each for each in may if each in order], "the attempts are not in the plan's order"
        assert not order or order[0] == may[0] or block.kept[kept.index(order[0])].want
    assert long > CALLS / 3


def test_a_refused_call_keeps_its_plan(gateway, made, names):
    """Refusals are counted in the background: they may be written after their answers."""
    ask_all(made["cheap"], [body(random.Random(12), [made["poor"].name]) for _ in range(3)])

    def is_kept() -> bool:
        blocks = [read(row.plan) for row in gateway.refusals(made["cheap"]) if row.plan]
        return any(each.dropped or each.passed for each in blocks)

    gateway.until(is_kept, within=10, what="a refusal has its plan")


def _was_sent(status: int) -> bool:
    return status == 200 or status >= 500
