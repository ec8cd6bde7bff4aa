"""The calls of a demo day: plausible, and the same each time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalog.pricing import PriceValue
from llmhub.demo import cast
from llmhub.demo.traffic import WORKER, Caller, Facts, calls_of
from llmhub.demo.upstream import OfferFacts
from llmhub.lib import ids

MONDAY, SATURDAY = date(2026, 11, 16), date(2026, 11, 21)
PROVIDERS = {row.slug: row for row in cast.PROVIDERS}
PRICES = (
    PriceValue(1, datetime(2026, 1, 1, tzinfo=UTC), Decimal(3), Decimal(6)),
    PriceValue(2, datetime(2026, 11, 16, 12, tzinfo=UTC), Decimal(1), Decimal(2)),
)


def offer(number: int, provider: str, prices=PRICES) -> OfferFacts:
    return OfferFacts(number, number, number, PROVIDERS[provider], f"model-{number}", prices, thinks=False)


def facts() -> Facts:
    both = (offer(1, "harbor"), offer(2, "cellar"))
    names = {name for service in cast.SERVICES for name in service.asks} - {"open/fern-3b"}
    callers = tuple(Caller(service, 7, number) for number, service in enumerate(cast.SERVICES))
    return Facts(callers, dict.fromkeys(names, both) | {"open/fern-3b": (offer(3, "cellar", ()),)})


@pytest.fixture(scope="module")
def monday():
    return calls_of(MONDAY, facts())


def test_a_day_is_the_same_each_time(monday):
    assert calls_of(MONDAY, facts()) == monday


def test_another_day_is_another():
    assert {call.settle.id for call in calls_of(MONDAY, facts())}.isdisjoint(
        call.settle.id for call in calls_of(date(2026, 11, 17), facts())
    )


def test_weekends_are_low(monday):
    assert len(calls_of(SATURDAY, facts())) < 0.6 * len(monday)


def test_office_hours_are_busy(monday):
    hours = Counter(ids.moment_of(call.settle.id).hour for call in monday)

    assert hours[10] > 4 * hours[22]


def test_ids_are_of_that_day_unique_and_marked_as_the_demos_own(monday):
    usage = [call.settle.id for call in monday]
    attempts = [row_id for call in monday for row_id in call.attempt_ids]

    assert usage == sorted(usage)
    assert len(set(usage)) == len(usage)
    assert len(set(attempts)) == len(attempts)
    for row_id in usage + attempts:
        assert ids.moment_of(row_id).date() == MONDAY
        assert (row_id >> 12) & (ids.WORKERS - 1) == WORKER


def test_the_price_is_that_of_the_moment(monday):
    priced = [a for call in monday for a in call.settle.attempts if a.price_id]
    noon = int(PRICES[1].effective_from.timestamp() * 1000)

    assert {a.price_id for a in priced if a.started_at_ms < noon} == {1}
    assert {a.price_id for a in priced if a.started_at_ms >= noon} == {2}


def test_a_failure_is_followed_by_the_next_offer(monday):
    fallbacks = [call.settle for call in monday if call.settle.fallback_reason]

    assert fallbacks
    for settle in fallbacks:
        first, second = settle.attempts
        assert (first.status, first.offer_id) == ("error", 1)
        assert (first.cost_nano is None) == (first.error_code != "upstream_bad_reply")
        assert (second.status, second.offer_id, second.number) == ("ok", 2, 2)
        assert second.started_at_ms > first.started_at_ms
        assert settle.latency_ms > first.latency_ms + second.latency_ms


def test_every_way_to_end_and_to_know_a_cost_occurs():
    week = [call.settle for day in range(9, 16) for call in calls_of(date(2026, 11, day), facts())]

    assert {settle.status for settle in week} == {"ok", "error", "cancelled"}
    assert {a.cost_source for settle in week for a in settle.attempts} == {
        "", "computed", "reported", "estimated", "unpriced",
    }  # fmt: skip
    twice = [settle for settle in week if settle.fallback_reason and settle.attempts[0].cost_nano]
    assert len(twice) > 3  # Savings tells of them
    assert {settle.finish_reason for settle in week} == {"", "stop", "tool_calls", "length"}


def test_tokens_fit_together(monday):
    for attempt in (a for call in monday for a in call.settle.attempts):
        assert attempt.cache_read_tokens + attempt.cache_write_tokens <= attempt.input_tokens
        assert attempt.reasoning_tokens <= attempt.output_tokens


def test_an_offer_without_a_price_has_no_cost(monday):
    unpriced = [call.settle for call in monday if call.settle.requested == "open/fern-3b"]

    answered = [settle.attempts[-1] for settle in unpriced if settle.status == "ok"]
    assert answered
    assert {(a.cost_nano, a.cost_source) for a in answered} == {(None, "unpriced")}
