"""What is kept of a plan is enough to make it again, for whatever call."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from providers.live import Live
from routing import explain
from routing.bound import Size
from routing.explain import block_of, decide, decided_again, kept_text, replayed
from routing.explain_block import read
from routing.mix import Mix
from routing.plan import Asking, Moment
from routing.policy_words import POLICIES
from routing.reach import Reach
from routing.resolve import Destination
from routing.snapshot import Caller, EntryValue, RouteValue, TargetValue
from tests.gateway.values import offer, price, snapshot

PROVIDERS = ("lab", "west", "east")
KEY = 7


def models(chance: random.Random) -> list[EntryValue]:
    """Some models, each at one to three providers; ids are a model's number times ten and up."""
    found = []
    for number in range(1, chance.randint(2, 5)):
        places = chance.sample(PROVIDERS, chance.randint(1, 3))
        offers = [
            replace(
                offer(slug, prices=[price(*_rates(chance))] if chance.random() < 0.9 else ()),
                id=number * 10 + place,
                entry_id=number,
            )
            for place, slug in enumerate(places)
        ]
        capabilities = ("tools", "vision") if chance.random() < 0.7 else ("stream",)
        found.append(
            EntryValue(
                id=number,
                slug=f"acme/m{number}",
                name="M",
                offers=tuple(offers),
                capabilities=capabilities,
                context_tokens=chance.choice([None, 500, 100_000]),
            )
        )
    return found


def _rates(chance: random.Random) -> tuple[str, str]:
    return str(chance.randint(1, 9)), str(chance.randint(1, 40))


def route(chance: random.Random, entries: list[EntryValue]) -> RouteValue:
    targets = [TargetValue(each, weight=chance.randint(0, 5)) for each in entries]
    return RouteValue(
        "support",
        tuple(targets[:-1] or targets),
        policy=chance.choice(POLICIES),
        max_cost_multiple=chance.choice([None, Decimal(2), Decimal("1.50")]),
        explore_percent=chance.choice([0, 50]),
        escalates=chance.random() < 0.2,
        over_budget=tuple(targets[-1:]) if chance.random() < 0.3 else (),
        require=frozenset({"tools"}) if chance.random() < 0.2 else frozenset(),
    )


def _live(chance: random.Random) -> Live:
    def maybe(most: float) -> float | None:
        return chance.random() * most if chance.random() < 0.8 else None

    return Live(
        chance.random() * 40, maybe(1), maybe(3000), maybe(900), maybe(90), None, chance.random() < 0.1
    )


def moment(chance: random.Random, entries: list[EntryValue]) -> Moment:
    offers = [each for entry in entries for each in entry.offers]
    return Moment(
        datetime(2026, 11, 1, 12, 0, 0, chance.randint(0, 999_999), tzinfo=UTC),
        waits={(each.id, each.provider.base_url): 12.5 for each in offers if chance.random() < 0.1},
        live={each.id: _live(chance) for each in offers if chance.random() < 0.7},
        mixes={
            (chance.randint(1, 3), chance.randint(1, 4)): Mix(
                chance.randint(1, 99), 5000, chance.randint(0, 4000), chance.randint(0, 90_000)
            )
            for _ in range(chance.randint(0, 5))
        },
        session_offer=chance.choice([None, chance.choice(offers).id]),
    )


def asking(chance: random.Random, reach: Reach) -> Asking:
    return Asking(
        only=frozenset({"lab", "west"}) if chance.random() < 0.2 else frozenset(),
        reach=reach,
        needs=frozenset({"vision"}) if chance.random() < 0.3 else frozenset(),
        size=Size(chance.randint(10, 9000), 3, output_limit=chance.choice([None, 50, 9000])),
        streams=chance.random() < 0.5,
        policy=chance.choice([None, *POLICIES]) if chance.random() < 0.5 else None,
        seed=f"req_{chance.random()}",
    )


def decision(number: int):
    """A call of any kind, with the configuration it is planned by."""
    chance = random.Random(number)
    entries = models(chance)
    value = route(chance, entries)
    reach = Reach.of([], ["lab", "east"]) if chance.random() < 0.2 else Reach()
    caller = Caller(key_id=KEY, key_name="ci", team_id=1, team_slug="web", reach=reach)
    configuration = replace(snapshot(*entries), routes={value.name: value}, keys={"digest": caller})
    if chance.random() < 0.8:
        there = Destination(value.name, value.targets, value.policy, value)
    else:
        there = Destination(entries[0].slug, (TargetValue(entries[0]),), chance.choice(POLICIES))
    return decide(3, there, asking(chance, reach), moment(chance, entries), key_id=KEY), configuration


def same(block):
    """A block without who said the policy, which is not decided again."""
    return msgspec.structs.replace(block, whose="model")


@pytest.mark.parametrize("hundred", range(5))
def test_a_plan_made_again_from_what_is_kept_is_the_plan_that_was(hundred):
    for number in range(hundred * 100, hundred * 100 + 100):
        made, configuration = decision(number)
        kept = kept_text(made)
        if kept is None:
            continue
        block = read(kept)
        again = replayed(block, configuration)

        assert [each.offer.id for each in again.candidates] == [
            each.offer.id for each in made.plan.candidates
        ], number
        assert again.dropped == made.plan.dropped, number
        if not block.is_short:
            assert same(block_of(decided_again(block, configuration))) == same(block), number


def test_what_ranked_is_kept_and_nothing_that_had_no_say():
    """The negative control of the test above: without its inputs a plan is another one."""
    differ = 0
    for number in range(200):
        made, configuration = decision(number)
        block = read(kept_text(made) or "")
        if block is None or block.is_short or not block.kept:
            continue
        poorer = msgspec.structs.replace(
            block, kept=tuple(msgspec.structs.replace(each, known=None) for each in block.kept), mixes={}
        )
        ids = [each.offer.id for each in replayed(poorer, configuration).candidates]
        differ += ids != [each.offer for each in block.kept]

    assert differ > 10


def test_of_the_only_offer_its_id_is_kept():
    entry = models(random.Random(1))[0]
    entry = replace(entry, offers=entry.offers[:1])
    made = decide(1, Destination(entry.slug, (TargetValue(entry),)), Asking(), Moment(datetime.now(UTC)))

    assert kept_text(made) == str(entry.offers[0].id)
    assert replayed(read(kept_text(made)), snapshot(entry)).candidates == made.plan.candidates


def test_of_a_plan_with_hundreds_of_offers_the_first_are_kept():
    entries = [replace(models(random.Random(1))[0], slug=f"m{number}", id=number) for number in range(300)]
    entries = [replace(each, offers=(replace(each.offers[0], id=each.id + 1000),)) for each in entries]
    value = RouteValue("wide", tuple(map(TargetValue, entries)), policy="cost")
    made = decide(1, Destination("wide", value.targets, "cost", value), Asking(), Moment(datetime.now(UTC)))

    block = read(kept_text(made))

    assert (len(block.kept), block.more) == (explain.MOST, 240)
    with pytest.raises(LookupError):
        replayed(block, snapshot(*entries))


def test_what_cannot_be_read_is_nothing():
    assert read("") is read("{") is read("[]") is read('{"kept":3}') is None


def test_who_said_the_policy_is_told():
    one, two = (
        replace(models(random.Random(1))[0], slug=slug, id=number) for slug, number in (("a", 1), ("b", 2))
    )
    value = RouteValue("support", (TargetValue(one), TargetValue(two)), policy="cost")
    now = Moment(datetime.now(UTC))

    def whose(destination, **more) -> str:
        return block_of(decide(1, destination, Asking(**more), now)).whose

    assert whose(Destination("support", value.targets, "cost", value)) == "route"
    assert whose(Destination("support", value.targets, "throughput", value)) == "suffix"
    assert whose(Destination("support", value.targets, "cost", value), policy="latency") == "call"
    assert whose(Destination("a", (TargetValue(one),))) == "model"
