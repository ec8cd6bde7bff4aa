"""What is leaving: stages, the desk, prices over time, and what the lists say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from catalog.entry import create_entry, update_entry
from catalog.lifecycle import days_left, stage
from catalog.models import Price
from catalog.offer import add_offer, set_price
from catalog.price_history import figure, history, sources
from catalog.retirement import leaving
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.models import ListedModel, Provider
from providers.rates import Rates
from routing.retiring import notice

TODAY = date(2026, 11, 29)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("deprecated", "sunset", "replacement", "expected"),
    [
        (None, None, "", "current"),
        (None, None, "a/b", "superseded"),
        (TODAY + DAY, None, "", "superseded"),  # announced, not yet so
        (TODAY, None, "", "deprecated"),
        (None, TODAY + DAY, "", "deprecated"),
        (None, TODAY, "", "retired"),
        (TODAY, TODAY - DAY, "a/b", "retired"),
    ],
)
def test_the_stage_is_derived_from_dates(deprecated, sunset, replacement, expected):
    dates = {"deprecated_on": deprecated, "sunset_on": sunset}
    assert stage(**dates, replacement=replacement, today=TODAY) == expected


def test_days_left():
    assert [days_left(day, TODAY) for day in (None, TODAY + 3 * DAY, TODAY, TODAY - DAY)] == [None, 3, 0, 0]


def test_callers_are_told_by_the_standard_headers():
    assert notice(None, None) == {}
    assert notice(date(2026, 12, 1), date(2027, 1, 2)) == {
        "deprecation": "@1796083200",
        "sunset": "Sat, 02 Jan 2027 00:00:00 GMT",
    }


@pytest.fixture
def offer(db):
    facts = {"kind": "openrouter", "dialect": "chat", "base_url": "https://openrouter.ai/api/v1"}
    provider = Provider.objects.create(slug="or", name="Router", **facts)
    entry = create_entry(actor=COMMAND_LINE, slug="acme/one", context_tokens=8_000, capabilities=["tools"])
    return add_offer(actor=COMMAND_LINE, entry=entry, provider=provider, upstream_id="acme/one")


def price(offer, amount, days_ago):
    begins = clock.now() - timedelta(days=days_ago)
    rates = Rates(Decimal(amount), Decimal(4))
    set_price(actor=COMMAND_LINE, offer=offer, tiers=[rates], effective_from=begins)


def test_the_desk_lists_the_next_to_end_first(offer):
    for slug, sunset in (("a/later", 40), ("a/sooner", 5), ("a/stays", None), ("a/dated", None)):
        create_entry(actor=COMMAND_LINE, slug=slug, sunset_on=sunset and TODAY + sunset * DAY)
    update_entry(actor=COMMAND_LINE, entry=offer.entry, replacement="a/stays")

    rows = leaving(TODAY)

    assert [(row.entry.slug, row.stage, row.days_left) for row in rows] == [
        ("a/sooner", "deprecated", 5),
        ("a/later", "deprecated", 40),
        ("acme/one", "superseded", None),
    ]


def test_a_history_says_how_each_price_moved(offer):
    for amount, days in (("1", 20), ("2", 10), ("1.5", 1)):
        price(offer, amount, days)

    steps = history(offer.entry)

    assert [(step.price.input, step.input_change) for step in steps] == [
        (Decimal("1.5"), Decimal("-0.25")),
        (Decimal(2), Decimal(1)),
        (Decimal(1), None),
    ]
    assert [step.until for step in steps] == [None, *(step.price.effective_from for step in steps[:2])]
    lines = figure(steps, clock.now())["data"]
    assert [line["name"] for line in lines] == ["Router, input", "Router, output"]
    assert lines[0]["y"] == ["1", "2", "1.5", "1.5"]
    assert len(lines[0]["x"]) == 4


def test_the_list_stands_beside_the_catalog_where_it_differs(offer):
    price(offer, "1", 1)
    raw = {
        "id": "acme/one",
        "context_length": 16_000,
        "pricing": {"prompt": "0.000003", "completion": "0.000004"},
        "supported_parameters": ["tools"],
    }
    ListedModel.objects.create(provider=offer.provider, upstream_id="acme/one", raw=raw)

    (found,) = sources(offer.entry, clock.now())

    told = {fact.label: (fact.ours, fact.theirs) for fact in found.facts if fact.differs}
    assert told == {
        "Input, USD": (Decimal(1), Decimal(3)),
        "Context": (8_000, 16_000),
        "Can": (("tools",), ("stream", "tools")),
    }
    assert Price.objects.count() == 1
