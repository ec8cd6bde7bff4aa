"""Reports of spend: parts add up to the whole, whatever of it is added up already."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger_inserts, rollup, rollup_day, spend_report
from billing.models import UsageRecord
from billing.rollup_models import DayRollUp, DirtyBucket, ReportTag, RolledDay, RollUp, SupplyRollUp
from billing.spend_dimensions import NONE
from billing.spend_query import Query, question
from llmhub.lib import ids
from tests.billing import rows
from tests.billing.rows import NOW

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
_NUMBERS = count(1)


def report(by="team", *, zone=BERLIN, teams=None, top=25, after=None, now=NOW, **words):
    words = {"since": "2026-03-20"} | words
    asked = question(Query(by=by, **words), teams=teams, now=now, zone=zone, top=top)
    if after is not None:
        asked = spend_report.Question(**(vars(asked) | {"after": after}))
    return spend_report.report(asked, now=now)


def amounts(found) -> dict[str, int]:
    return {series.name.public or "else": series.total.of(found.question.measure) for series in found.series}


# --- exact, whatever is added up ----------------------------------------------------------------

calls = st.lists(
    st.tuples(
        st.integers(-9 * 24, 11),  # hours from noon
        st.integers(0, 12),  # key; 0: none
        st.integers(0, 2),  # team
        st.one_of(st.none(), st.integers(-(10**9), 10**12)),  # an adjustment may be negative
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=calls,
    late=calls,
    per=st.sampled_from(["hour", "day", "week", "month"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    only_team=st.booleans(),
)
def test_parts_add_up_to_the_whole_to_the_last_digit(first, late, per, zone, only_team):
    for model in (UsageRecord, RollUp, SupplyRollUp, DayRollUp, RolledDay, DirtyBucket):
        model.objects.all().delete()
    with patch.object(rollup, "_PAUSE", 0), patch.object(rollup_day, "_PAUSE", 0):
        write(first)
        rollup.recompute(now=NOW)
        rollup_day.recompute(now=NOW, pause=0)
        write(late)

    found = report("key", zone=ZoneInfo(zone), top=3, per=per, only={"team": ["#1"]} if only_team else {})

    expected = recorded(found, only_team=only_team)
    assert found.total.spend_nano == sum(series.total.spend_nano for series in found.series)
    assert found.total.spend_nano == sum(expected.values())
    assert [each.spend_nano for each in found.intervals] == [
        sum(series.points[place] for series in found.series) for place in range(len(found.starts))
    ]
    assert [each.spend_nano for each in found.intervals] == [expected.get(start, 0) for start in found.starts]
    assert len(found.series) <= 4


def write(some) -> None:
    made = [
        UsageRecord(
            id=ids.first_at(NOW + HOUR * hours) + (number % 3 << ids.WORKER_SHIFT) + next(_NUMBERS),
            requested="a", status="ok", cost_nano=cost, key_id=key or None, team_id=team or None,
        )
        for number, (hours, key, team, cost) in enumerate(some)  # of three processes
    ]  # fmt: skip
    UsageRecord.objects.bulk_create(made)
    with connection.cursor() as cursor:
        ledger_inserts.mark_dirty(cursor, [row.pk for row in made])


def recorded(found, *, only_team: bool) -> dict[datetime, int]:
    """Spend of the ledger by interval."""
    sums: defaultdict[datetime, int] = defaultdict(int)
    for row in UsageRecord.objects.all():
        at = ids.moment_of(row.pk)
        if found.starts[0] <= at < found.question.range.end and (not only_team or row.team_id == 1):
            sums[max(start for start in found.starts if start <= at)] += row.cost_nano or 0
    return sums


def test_a_day_that_forgets_a_late_call_would_be_seen(monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    rows.usage(NOW - 48 * HOUR, cost_nano=5)
    rollup.recompute(now=NOW)
    rollup_day.recompute(now=NOW, pause=0)
    rows.usage(NOW - 48 * HOUR, cost_nano=7)
    monkeypatch.setattr(rollup_day, "forget", lambda *_, **__: None)
    rollup.recompute(now=NOW)

    assert report(zone=ZoneInfo("UTC")).total.spend_nano == 5  # with `forget` it is 12


def test_a_day_that_differs_from_its_roll_ups_is_found_and_added_up_anew(monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    rows.usage(NOW - 48 * HOUR, cost_nano=5)
    rollup.recompute(now=NOW)
    rollup_day.recompute(now=NOW, pause=0)
    assert rollup_day.compare() == 0
    DayRollUp.objects.update(spend_nano=6)
    assert report(zone=ZoneInfo("UTC")).total.spend_nano == 6  # it is read as a day

    assert rollup_day.compare() == 1
    rollup_day.recompute(now=NOW, pause=0)

    assert (report(zone=ZoneInfo("UTC")).total.spend_nano, rollup_day.compare()) == (5, 0)


# --- what it says -------------------------------------------------------------------------------


def test_the_dearest_come_first_and_the_others_are_together():
    for number, cost in enumerate((10, 400, 30, 200, 5), start=1):
        rows.usage(NOW, cost_nano=cost, key_id=number)

    found = report("key", top=2)

    assert amounts(found) == {"#2": 400, "#4": 200, "else": 45}
    assert (found.others, found.series[-1].name.label) == (3, "Everything else")


def test_pages_of_values_go_on_where_the_last_one_ended():
    for number, cost in enumerate((10, 400, 30, 30, 5), start=1):
        rows.usage(NOW, cost_nano=cost, key_id=number)

    second = report("key", top=2, after=(30, 3))

    assert amounts(second) == {"#4": 30, "#1": 10, "else": 435}
    assert second.total.spend_nano == 475


def test_it_is_compared_with_as_many_days_before():
    team = rows.team()
    rows.usage(NOW, cost_nano=7, team_id=team.pk)
    rows.usage(NOW - 24 * HOUR, cost_nano=100, team_id=team.pk)
    rows.usage(NOW - 22 * HOUR, cost_nano=1000, team_id=team.pk)  # later than the same time of day

    found = report(since="2026-03-29")

    assert (found.total.spend_nano, found.before.spend_nano) == (7, 100)


def test_a_value_of_the_time_before_alone_is_in_everything_else():
    rows.usage(NOW - 30 * HOUR, cost_nano=100, key_id=9)
    rows.usage(NOW, cost_nano=1, key_id=8)

    found = report("key", since="2026-03-29", now=NOW + 20 * HOUR)

    assert [(each.name.public, each.total.spend_nano, each.before.spend_nano) for each in found.series] == [
        ("#8", 1, 0),
        ("", 0, 100),
    ]


def test_calls_of_unknown_cost_are_counted_and_estimates_cover_nothing():
    rows.usage(NOW, cost_nano=90, cost_source="reported")
    rows.usage(NOW, cost_nano=8, cost_source="computed")
    rows.usage(NOW, cost_nano=2, cost_source="estimated")
    rows.usage(NOW, cost_nano=None, cost_source="unpriced")

    total = report().total

    assert (total.spend_nano, total.sure_nano, total.unpriced, total.requests) == (100, 98, 1, 4)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("team", {"support": 7, NONE: 2}),
        ("person", {"mara@example.org": 7, NONE: 2}),
        ("model", {"acme/small-1": 7, NONE: 2}),
        ("provider", {"lab": 7, NONE: 2}),
        ("requested", {"fast": 7, "acme/small-1": 2}),
        ("source", {"reported": 7, NONE: 2}),
        ("cost_centre", {NONE: 7, "health": 2}),
        ("tag:env", {"prod": 7, NONE: 2}),
    ],
)
@pytest.mark.parametrize("rolled", [False, True])
def test_it_tells_calls_apart_by_any_dimension(by, expected, rolled, monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    ReportTag.objects.create(slot=2, name="env", since=0)
    ids_ = {
        "team_id": rows.team().pk, "person_id": rows.person().pk,
        "entry_id": rows.entry().pk, "provider_id": rows.provider().pk,
    }  # fmt: skip
    then = NOW - 72 * HOUR
    rows.usage(
        then, cost_nano=7, requested="fast", cost_source="reported", tags={"env": "prod", "x": "y"}, **ids_
    )
    rows.usage(then, cost_nano=2, cost_centre="health")
    if rolled:
        rollup.recompute(now=NOW)
        rollup_day.recompute(now=NOW, pause=0)

    assert amounts(report(by, zone=ZoneInfo("UTC"))) == expected
    word = by if by != "team" else "provider"
    value = next(iter(expected)) if by != "team" else "lab"
    assert amounts(report("source", zone=ZoneInfo("UTC"), only={word: [value]}))["reported"] == 7


def test_a_tag_says_nothing_of_the_time_when_its_slot_was_another(monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    then = NOW - 72 * HOUR
    tag = ReportTag.objects.create(slot=1, name="old", since=0)
    rows.usage(then, cost_nano=7, tags={"old": "a"})
    rollup.recompute(now=NOW)
    rollup_day.recompute(now=NOW, pause=0)
    tag.delete()
    ReportTag.objects.create(slot=1, name="env", since=int((then + HOUR).timestamp()) // 900 * 900)

    assert amounts(report("tag:env", zone=ZoneInfo("UTC"))) == {NONE: 7}


def test_who_may_see_some_teams_sees_nothing_of_others():
    mine, other = rows.team(), rows.team("other")
    rows.usage(NOW, cost_nano=7, team_id=mine.pk)
    rows.usage(NOW, cost_nano=2, team_id=other.pk)
    rows.usage(NOW, cost_nano=4)

    assert report(teams=frozenset({mine.pk})).total.spend_nano == 7
    with pytest.raises(ValueError, match="there is no team 'other'"):  # as for one that does not exist
        report(teams=frozenset({mine.pk}), only={"team": ["other"]})
    assert report(teams=frozenset()).total.requests == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"by": "colour"}, "is no dimension"),
        ({"measure": "fun"}, "is no measure"),
        ({"per": "minute"}, "is no interval"),
        ({"since": "yesterday"}, "is no day"),
        ({"since": "2026-02-30"}, "day is out of range"),
        ({"only": {"team": ["nobody"]}}, "there is no team 'nobody'"),
        ({"only": {"key": ["x"]}}, "is no number"),
        ({"only": {"model": ["#99999999999999999999"]}}, "is no number"),
        ({"only": {"requested": ["a\0"]}}, "no value of it"),
        ({"only": {"team": ["a"] * 51}}, "at most 50"),
    ],
)
def test_words_that_mean_nothing_say_why(words, says):
    with pytest.raises(ValueError, match=says):
        question(Query(**words), teams=None, now=NOW, zone=BERLIN)


def test_the_days_of_a_zone_that_the_organisation_left_are_dropped(monkeypatch):
    from llmhub.audit.actor import COMMAND_LINE
    from llmhub.people import organisation

    monkeypatch.setattr(rollup, "_PAUSE", 0)
    rows.usage(NOW - 72 * HOUR, cost_nano=7)
    rollup.recompute(now=NOW)
    rollup_day.recompute(now=NOW, pause=0)
    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="Europe/Berlin")

    rollup_day.recompute(now=NOW, pause=0)

    assert set(RolledDay.objects.values_list("zone", flat=True)) == {"Europe/Berlin"}
    assert DayRollUp.objects.count() == 1
    assert (
        date(2026, 3, 26) == datetime.fromtimestamp(RolledDay.objects.earliest("start").start, BERLIN).date()
    )
    assert report().total.spend_nano == 7
    assert datetime.fromtimestamp(RolledDay.objects.earliest("start").start, UTC).hour == 23
