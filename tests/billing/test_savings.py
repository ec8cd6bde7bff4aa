"""What was paid for nothing, by rule, from the ledger and from roll-ups alike; and today's prices."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing import record, rollup, rollup_day, spend_range
from billing.request_filter import RequestFilter
from billing.savings import repriced, savings
from catalog.models import Offer, Price
from tests.billing import calls, rows
from tests.billing.rows import NOW
from tests.billing.test_rollup import settle

pytestmark = pytest.mark.django_db
THEN = NOW - timedelta(days=2)
USD = 10**9


def range_():
    return spend_range.asked(now=NOW, zone=ZoneInfo("UTC"))


def found() -> dict[str, tuple[int, int]]:
    return {each.rule.word: (each.requests, each.nano) for each in savings(range_(), teams=None).found}


@pytest.mark.parametrize("rolled", [False, True])
def test_each_rule_counts_what_it_says_and_no_nano_usd_twice(rolled, monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    at = rows.ids.first_at(THEN)
    settle(
        calls.settle(at + 1, calls.attempt(40), repeated_nano=4),
        calls.settle(at + 9, calls.attempt(None), repeated_nano=4),  # nobody knows
        calls.settle(at + 2, calls.attempt(5, status="error"), calls.attempt(40, 2)),
        calls.settle(at + 3, calls.attempt(5), calls.attempt(40, 2), finish_reason="length"),
        calls.settle(at + 4, calls.attempt(7), finish_reason="max_tokens", repeated_nano=1),
        calls.settle(at + 5, calls.attempt(3, status="error"), status="error"),
        calls.settle(at + 6, calls.attempt(0, status="error"), status="error"),
        calls.settle(at + 7, calls.attempt(None, status="error"), calls.attempt(9, 2)),  # nobody knows
        calls.settle(at + 8, calls.attempt(0, status="error"), calls.attempt(40, 2)),
    )
    if rolled:
        rollup.recompute(now=NOW)
        rollup_day.recompute(now=NOW, pause=0)

    assert found() == {"retried": (2, 10), "failed": (1, 3), "cut": (2, 47), "repeated": (1, 4)}
    whole = savings(range_(), teams=None)
    assert (whole.nano, whole.spend_nano) == (64, 180)


@pytest.mark.parametrize(
    ("wasted", "requests"),
    [("retried", 1), ("failed", 1), ("cut", 1), ("repeated", 1), ("overshot", 0)],
)
def test_the_list_of_requests_shows_those_that_a_rule_counted(wasted, requests):
    at = rows.ids.first_at(THEN)
    settle(
        calls.settle(at + 1, calls.attempt(40), repeated_nano=4),
        calls.settle(at + 2, calls.attempt(5, status="error"), calls.attempt(40, 2)),
        calls.settle(at + 3, calls.attempt(0, status="error"), calls.attempt(40, 2)),
        calls.settle(at + 4, calls.attempt(7), finish_reason="max_tokens", repeated_nano=1),
        calls.settle(at + 5, calls.attempt(3, status="error"), status="error"),
    )

    assert len(record.requests(RequestFilter(wasted=wasted), now=NOW).rows) == requests


def test_models_with_the_most_of_it_are_named():
    entry = rows.entry()
    rows.usage(THEN, cost_nano=5, status="error", entry_id=entry.pk)

    failed = savings(range_(), teams=None).found[1]

    assert [(name.public, nano) for name, nano in failed.mostly] == [("acme/small-1", 5)]


def test_the_same_calls_at_todays_prices():
    entry, lab, other = rows.entry(), rows.provider(), rows.provider("other")
    offer = Offer.objects.create(entry=entry, provider=lab, upstream_id="s")
    for days, amount in ((30, "1"), (1, "3")):
        Price.objects.create(
            offer=offer, effective_from=NOW - timedelta(days=days), input=Decimal(amount), output=Decimal(10),
            per_request=Decimal("0.01"),
        )  # fmt: skip
    about = {"entry_id": entry.pk, "cost_nano": USD, "input_tokens": 1_000_000, "output_tokens": 100_000}
    rows.usage(THEN, provider_id=lab.pk, **about)
    rows.usage(THEN, provider_id=lab.pk, **about)
    rows.usage(THEN, provider_id=other.pk, **about)

    found = repriced(range_(), teams=None, now=NOW)

    assert (found.spend_nano, found.today_nano, found.left_out_nano) == (2 * USD, 8_020_000_000, USD)
    assert [(row.provider.public, row.today_nano) for row in found.rows] == [
        ("lab", 8_020_000_000),
        ("other", None),
    ]


def test_who_may_see_some_teams_learns_of_no_others():
    rows.usage(THEN, cost_nano=5, status="error", team_id=4)

    assert savings(range_(), teams=frozenset({3})).nano == 0
    assert savings(range_(), teams=frozenset({4})).nano == 5
