"""The figures of Overview, against numbers a reader can add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing import rollup, rollup_read, spend
from billing.spend import Figures
from tests.billing import rows
from tests.billing.rows import NOW

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def test_a_fresh_installation_has_zeros_and_no_times():
    found = spend.overview(NOW, BERLIN)

    assert found.today == found.month == found.last_24_hours == Figures()
    assert found.timing == spend.Timing(0, None, None, None, None)
    assert len(found.days) == 14
    assert (found.models, found.providers, found.counted_from) == ((), (), None)


def test_days_and_months_are_those_of_the_zone():
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)  # in Berlin, before the clocks go forward
    first_of_march = datetime(2026, 2, 28, 23, tzinfo=UTC)
    rows.usage(midnight, cost_nano=1)
    rows.usage(midnight - timedelta(milliseconds=1), cost_nano=20)
    rows.usage(first_of_march, cost_nano=300)
    rows.usage(first_of_march - timedelta(milliseconds=1), cost_nano=4000)

    found = spend.overview(NOW, BERLIN)

    assert found.today.spend_nano == 1
    assert found.month.spend_nano == 321
    assert [(day.day, day.figures.spend_nano) for day in found.days[-2:]] == [
        (date(2026, 3, 28), 20),
        (date(2026, 3, 29), 1),
    ]


def test_the_days_reach_back_into_the_month_before():
    early = datetime(2026, 3, 2, 12, tzinfo=UTC)
    rows.usage(early - timedelta(days=5), cost_nano=7)

    found = spend.overview(early, BERLIN)

    assert found.month == Figures()
    assert found.days[8] == spend.Day(date(2026, 2, 25), Figures(7, 1, 0, 0))


def test_unknown_costs_are_counted_and_add_nothing():
    rows.usage(NOW, cost_nano=5)
    rows.usage(NOW, cost_nano=None, unpriced_reason="the offer has no price")

    assert spend.overview(NOW, BERLIN).today == Figures(spend_nano=5, requests=2, errors=0, unpriced=1)


def test_failed_and_interrupted_calls_are_errors_and_callers_that_left_are_not():
    for status in ("ok", "error", "interrupted", "cancelled"):
        rows.usage(NOW - HOUR, status=status)
    rows.usage(NOW - 25 * HOUR, status="error")

    assert spend.overview(NOW, BERLIN).last_24_hours.errors == 2


def test_times_are_percentiles_of_the_calls_that_were_answered():
    for milliseconds in range(1, 101):
        rows.usage(NOW - HOUR, latency_ms=milliseconds, ttft_ms=milliseconds if milliseconds <= 10 else None)
    rows.usage(NOW - HOUR, status="error", latency_ms=99_999)

    assert spend.overview(NOW, BERLIN).timing == spend.Timing(100, 50, 95, 5, 10)


def test_the_dearest_models_and_providers_of_the_month_come_first():
    small, big = rows.entry("acme/small-1"), rows.entry("acme/big-1")
    lab = rows.provider()
    rows.usage(NOW, entry_id=small.pk, provider_id=lab.pk, cost_nano=10)
    rows.usage(NOW, entry_id=big.pk, provider_id=lab.pk, cost_nano=30)
    rows.usage(NOW - timedelta(days=40), entry_id=small.pk, cost_nano=1000)

    found = spend.overview(NOW, BERLIN)

    assert [(part.slug, part.figures.spend_nano) for part in found.models] == [
        ("acme/big-1", 30),
        ("acme/small-1", 10),
    ]
    assert found.providers == (spend.Part(lab.pk, "Lab", "lab", Figures(40, 2, 0, 0)),)


def test_it_says_from_when_on_it_counted_when_there_are_more_calls_than_it_reads(monkeypatch):
    monkeypatch.setattr(rollup_read, "MOST_ROWS", 2)
    for hours in (3, 2, 1):
        rows.usage(NOW - HOUR * hours, cost_nano=1)

    found = spend.overview(NOW, BERLIN)

    assert found.today.spend_nano == 2
    assert found.counted_from == NOW - 3 * HOUR


@pytest.mark.parametrize("rolled_up", [True, False])
def test_the_dearest_people_have_what_all_their_keys_spent_this_month(rolled_up):
    mara, yuki = rows.person("mara@x.org", name="Mara"), rows.person("yuki@x.org")
    for team, person, cost in ((1, mara, 5), (2, mara, 7), (1, yuki, 9), (1, None, 100)):
        rows.usage(NOW - HOUR, team_id=team, person_id=person and person.pk, cost_nano=cost)
    rows.usage(NOW - timedelta(days=40), person_id=mara.pk, cost_nano=1000)
    if rolled_up:
        rollup.recompute(now=NOW)

    people = spend.overview(NOW, BERLIN).people

    assert [(part.name, part.slug, part.figures.spend_nano) for part in people] == [
        ("Mara", "mara@x.org", 12),
        ("yuki@x.org", "yuki@x.org", 9),
    ]
