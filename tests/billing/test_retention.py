"""Old calls go, their sums stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing import retention, rollup, rollup_read
from billing.models import Attempt, UsageRecord
from billing.overshoot_models import Overshoot
from billing.retention import clear
from billing.rollup_models import DirtyBucket, RollUp
from billing.rollup_read import Span
from tests.billing import rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retention, "_PAUSE", 0)
    monkeypatch.setattr(rollup, "_PAUSE", 0)


def call(days: float, cost: int = 7):
    record = rows.usage(NOW - days * DAY, cost_nano=cost, team_id=1)
    rows.attempt(record, 1, cost_nano=cost)
    rows.attempt(record, 2, cost_nano=0)
    return record


def spend() -> int:
    return sum(row.values["spend_nano"] for row in rollup_read.sums([Span(NOW - 800 * DAY, NOW)]))


def test_calls_beyond_the_limit_go_with_their_attempts_and_their_sums_stay():
    old, young = call(100), call(10)
    for record in (old, young):
        Overshoot.objects.create(id=record.pk, held_nano=1, charged_nano=2)
    rollup.recompute(now=NOW)

    assert clear(90, now=NOW) == 1

    assert list(UsageRecord.objects.all()) == [young]
    assert Overshoot.objects.get().pk == young.pk
    assert set(Attempt.objects.values_list("usage_id", flat=True)) == {young.pk}
    assert spend() == 14
    assert old.pk != young.pk


def test_what_is_not_added_up_is_kept():
    call(100)

    assert clear(90, now=NOW) == 0

    rollup.recompute(now=NOW)
    assert clear(90, now=NOW) == 1


def test_what_is_added_up_wrongly_is_kept_and_added_up_anew():
    call(100)
    rollup.recompute(now=NOW)
    RollUp.objects.update(spend_nano=8)

    assert clear(90, now=NOW) == 0
    assert DirtyBucket.objects.exists()

    rollup.recompute(now=NOW)
    assert clear(90, now=NOW) == 1
    assert spend() == 7


def test_a_roll_up_that_was_lost_keeps_its_calls_too():
    call(100)
    rollup.recompute(now=NOW)
    RollUp.objects.all().delete()

    assert clear(90, now=NOW) == 0


def test_the_roll_ups_of_a_cleared_bucket_are_never_taken_for_empty():
    call(100)
    rollup.recompute(now=NOW)
    clear(90, now=NOW)
    DirtyBucket.objects.create(bucket=RollUp.objects.get().bucket, source=0, stamp=1)

    rollup.recompute(now=NOW)

    assert spend() == 7
    assert not DirtyBucket.objects.exists()


def test_a_run_that_was_killed_in_a_bucket_is_taken_up(monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    for _ in range(5):
        call(100)
    rollup.recompute(now=NOW)
    assert retention._may_go(RollUp.objects.get().bucket, "default")
    assert retention._clear_some(RollUp.objects.get().bucket, "default") == 2

    assert clear(90, now=NOW) == 3
    assert spend() == 35


def test_the_oldest_go_first_and_a_run_has_an_end():
    for days in (100, 101, 102):
        call(days)
    rollup.recompute(now=NOW)

    assert clear(90, now=NOW, limit=2) == 2

    assert [record.pk for record in UsageRecord.objects.all()] == [UsageRecord.objects.latest("pk").pk]
    assert spend() == 21


@pytest.mark.parametrize(("days", "kept"), [(0, 3), (1, 2), (2, 2), (50, 2), (90, 2), (400, 3)])
def test_zero_days_keep_all_and_two_are_the_least(days, kept):
    for age in (100, 1.9, 0.5):
        call(age)
    rollup.recompute(now=NOW)

    clear(days, now=NOW)

    assert UsageRecord.objects.count() == kept
