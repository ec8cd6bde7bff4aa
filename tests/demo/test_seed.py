"""Calls by the million, here by the thousand: as many as asked, and consistent to the last digit."""

from __future__ import annotations

from collections import Counter as Counted
from datetime import date

import pytest
from django.db import connection
from django.db.models import Sum

from billing import reconcile
from billing.budget_state import states
from billing.models import Attempt, Budget, Counter, UsageRecord
from billing.rollup_models import DirtyBucket, RollUp, SupplyRollUp
from catalog.models import Price
from llmhub.demo import fill, seed, setting
from llmhub.demo.seed import source_of
from llmhub.lib import clock, ids

URL = "http://127.0.0.1:9"
TODAY = date(2026, 11, 23)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo_home(settings, tmp_path):
    settings.DEMO = True
    settings.HOME = tmp_path
    setting.write(URL, clock.now())


@pytest.fixture
def in_copies(demo_home, monkeypatch):
    """Two weeks of days, most of them copies, each of several copies of its calls."""
    monkeypatch.setattr(seed, "DENSEST", 0.1)
    return seed.load(3_000, days=16)


def test_calls_sums_counters_and_caps_agree_to_the_last_digit(in_copies):
    assert in_copies == Attempt.objects.count() == pytest.approx(3_000, rel=0.15)
    assert not DirtyBucket.objects.exists()
    assert RollUp.objects.aggregate(Sum("requests")) == SupplyRollUp.objects.aggregate(Sum("requests"))
    assert Counter.objects.filter(spent__gt=0).count() > 10
    assert reconcile.check(everything=True) == []
    assert 0.85 < max(row.used_share for row in states(Budget.objects.in_force(), at=clock.now())) < 1

    UsageRecord.objects.earliest("pk").delete()

    assert reconcile.check(everything=True)


def test_every_attempt_belongs_to_a_call_began_within_it_and_costs_what_it_says(in_copies):
    calls = UsageRecord.objects.in_bulk()
    begins = dict(Price.objects.values_list("pk", "effective_from"))
    attempts = Attempt.objects.all()

    assert Counted(a.usage_id for a in attempts) == {pk: call.attempts for pk, call in calls.items()}
    for attempt in attempts:
        since = attempt.started_at_ms - ids.moment_of(attempt.usage_id).timestamp() * 1000
        assert -1 <= since <= calls[attempt.usage_id].latency_ms + 10
        if attempt.price_id:
            assert begins[attempt.price_id].timestamp() * 1000 <= attempt.started_at_ms
    spent = Counted()
    for attempt in attempts:
        spent[attempt.usage_id] += attempt.cost_nano or 0
    assert all(spent[pk] == call.cost_nano for pk, call in calls.items() if call.cost_nano is not None)


def test_a_second_load_replaces_the_first_and_indexes_are_back(demo_home):
    seed.load(900, days=3)
    seed.load(500, days=3)

    assert Attempt.objects.count() == pytest.approx(500, rel=0.25)
    assert reconcile.check(everything=True) == []
    with connection.cursor() as cursor:
        for model in (UsageRecord, Attempt):
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
            assert {index.name for index in model._meta.indexes} <= there.keys()


def test_the_demo_goes_on_from_the_newest_call(demo_home):
    seed.load(2_000, days=2)
    newest = UsageRecord.objects.latest("pk").pk

    fill.prepare(URL)

    assert UsageRecord.objects.filter(pk__lte=newest).count() + 100 > UsageRecord.objects.count()
    assert reconcile.check(everything=True) == []


def test_a_home_with_real_data_is_refused_and_untouched(demo_home, settings):
    fill.prepare(URL, days=1)
    before = UsageRecord.objects.count()
    settings.DEMO = False

    with pytest.raises(RuntimeError, match="no demo"):
        seed.load(100)

    assert UsageRecord.objects.count() == before > 0


@pytest.mark.parametrize(
    ("day", "source"),
    [
        (date(2026, 11, 22), date(2026, 11, 22)),
        (date(2026, 11, 12), date(2026, 11, 19)),
        (date(2026, 11, 11), date(2026, 11, 11)),  # prices changed on it: nothing like it
        (date(2026, 11, 10), date(2026, 11, 10)),
        (date(2026, 9, 1), date(2026, 11, 10)),
        (TODAY, TODAY),
        (date(2026, 11, 16), date(2026, 11, 16)),  # a week later is today, which is not over
    ],
)
def test_a_day_stands_for_days_of_its_weekday_and_prices(day, source):
    changes = [date(2026, 8, 15), date(2026, 11, 11)]

    assert source_of(day, today=TODAY, changes=changes) == source
    assert source.weekday() == day.weekday()
