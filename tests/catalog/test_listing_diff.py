"""What changed between two lists: typed, complete, with the numbers before and after."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.list_doubts import doubts
from catalog.listing_diff import Kind, apply, diff
from providers.adapters import adapter_for
from providers.listing import Listing
from providers.rates import Rates

openrouter = adapter_for("openrouter", "chat")
BASE = Listing(
    "a/one",
    name="One",
    context_tokens=8_000,
    capabilities=("stream", "tools"),
    tiers=(Rates(Decimal(1), Decimal(4), cache_read=Decimal("0.1")),),
)


def price(**amounts):
    return (replace(BASE.tiers[0], **{name: Decimal(text) for name, text in amounts.items()}),)


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        ({"tiers": price(input="2")}, ["price_up"]),
        ({"tiers": price(input="0.5")}, ["price_down"]),
        ({"tiers": price(input="0.5", output="5")}, ["price_up"]),  # one amount rose: it is no decrease
        ({"tiers": (replace(BASE.tiers[0], cache_read=None),)}, ["price_up"]),  # now as dear as input
        (
            {"tiers": (*BASE.tiers, replace(BASE.tiers[0], input=Decimal(2), above_input_tokens=9))},
            ["price_up"],
        ),
        ({"tiers": ()}, ["price_lost"]),
        ({"meters": {"web_search": Decimal("0.01")}}, ["price_up"]),
        ({"context_tokens": 16_000}, ["context_changed"]),
        ({"output_limit_tokens": 1}, ["output_limit_changed"]),
        ({"capabilities": ("stream",)}, ["capability_lost"]),
        ({"capabilities": ("stream", "tools", "vision")}, ["capability_gained"]),
        ({"capabilities": ("stream", "vision")}, ["capability_lost", "capability_gained"]),
        ({"capabilities": None}, ["facts"]),  # a list that stops to tell takes nothing away
        ({"sunset_on": date(2027, 1, 1)}, ["deprecated"]),
        ({"name": "Uno"}, ["renamed"]),
        ({"description": "x"}, ["facts"]),
        ({"raw": {"anything": 1}}, []),
    ],
)
def test_a_change_has_its_kind(now, kinds):
    new = replace(BASE, **now)

    found = diff({"a/one": BASE}, {"a/one": new})

    assert [change.kind for change in found] == kinds
    assert apply({"a/one": BASE}, found) == {"a/one": new}


def test_models_that_come_and_go():
    new = replace(BASE, upstream_id="a/two")

    found = diff({"a/one": BASE}, {"a/two": new})

    assert [(change.kind, change.upstream_id) for change in found] == [
        (Kind.VANISHED, "a/one"),
        (Kind.NEW, "a/two"),
    ]


amounts = st.decimals(0, 100, places=3) | st.none()
rates = st.builds(
    Rates,
    st.decimals(0, 100, places=3),
    st.decimals(0, 100, places=3),
    cache_read=amounts,
    cache_write=amounts,
    per_request=amounts,
)
words = st.lists(st.sampled_from(["stream", "tools", "vision"]), unique=True).map(tuple)
listings = st.builds(
    Listing,
    st.sampled_from(["a", "b", "c"]),
    name=st.sampled_from(["", "x", "y"]),
    context_tokens=st.none() | st.integers(1, 9),
    output_limit_tokens=st.none() | st.integers(1, 9),
    capabilities=st.none() | words,
    input_modalities=words,
    deprecated_on=st.none() | st.just(date(2027, 1, 1)),
    sunset_on=st.none() | st.just(date(2027, 2, 1)),
    tiers=st.just(()) | st.tuples(rates),
    meters=st.dictionaries(st.just("web_search"), st.decimals(0, 1, places=2)),
)
lists = st.lists(listings, max_size=3).map(lambda rows: {row.upstream_id: row for row in rows})


@settings(max_examples=60, deadline=None)
@given(lists, lists)
def test_the_changes_applied_to_the_first_list_give_the_second(before, after):
    found = diff(before, after)

    assert apply(before, found) == after
    assert len({(change.upstream_id, change.kind) for change in found}) == len(found)
    assert not diff(after, after)


def many(count, **facts):
    return {f"m{n}": replace(BASE, upstream_id=f"m{n}", **facts) for n in range(count)}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (many(100), []),
        ({}, ["the list is empty"]),
        (many(90), []),
        (many(89), ["11 of 100 models are gone"]),
        (many(100) | many(25, tiers=price(input="2")), []),
        (many(100) | many(26, tiers=price(input="2")), ["26 of 100 models have another price"]),
        (many(100) | many(1, tiers=price(input="9.9")), []),
        (
            many(100) | many(1, tiers=price(input="10")),
            ["a price moved tenfold or more, or from or to 0: m0"],
        ),
        (
            many(100) | many(1, tiers=price(output="0")),
            ["a price moved tenfold or more, or from or to 0: m0"],
        ),
    ],
)
def test_what_speaks_against_a_list(after, said):
    before = many(100)

    assert doubts(before, after, diff(before, after)) == said


def test_a_short_list_may_change_much():
    assert not doubts(many(6), many(1), diff(many(6), many(1)))


def real_lists(recordings):
    read = []
    for path in sorted((recordings / "openrouter_models").glob("20*.json")):
        rows = json.loads(path.read_text())
        rows = rows if isinstance(rows, dict) else {"data": rows}
        found = openrouter.parse_models(json.dumps(rows).encode())
        read.append((path.stem, {row.upstream_id: row for row in found}))
    return read


@pytest.mark.recordings
def test_the_real_lists_of_two_weeks_change_as_an_independent_count_says(recordings):
    days = json.loads((recordings / "openrouter_models" / "CHANGES.json").read_text())
    counted = {day["date"]: day for day in days}
    lists = dict(real_lists(recordings))
    days = sorted(lists)

    for yesterday, today in pairwise(days[2:]):  # the two gaps are no daily lists
        before, after = lists[yesterday], lists[today]
        found = diff(before, after)
        by_kind = {kind: [c.upstream_id for c in found if c.kind == kind] for kind in Kind}
        priced = sorted(by_kind[Kind.PRICE_UP] + by_kind[Kind.PRICE_DOWN] + by_kind[Kind.PRICE_LOST])

        assert by_kind[Kind.NEW] == sorted(counted[today]["added"])
        assert by_kind[Kind.VANISHED] == sorted(counted[today]["removed"])
        assert priced == sorted(counted[today]["price_changed"])
        assert by_kind[Kind.CONTEXT] == sorted(
            key
            for key in before.keys() & after.keys()
            if before[key].raw["context_length"] != after[key].raw["context_length"]
        )
        assert apply(before, found) == after
        assert not doubts(before, after, found)


@pytest.mark.recordings
def test_the_two_long_gaps_are_held_back(recordings):
    lists = [rows for _, rows in real_lists(recordings)[:3]]

    assert doubts(lists[0], lists[1], diff(lists[0], lists[1]))
    assert doubts(lists[1], lists[2], diff(lists[1], lists[2]))
