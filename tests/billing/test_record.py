"""The list of requests, and one request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import record
from billing.request_filter import RequestFilter
from llmhub.lib import ids
from tests.billing import rows
from tests.billing.rows import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def listed(**filters):
    return [row.record.pk for row in record.requests(RequestFilter(**filters), now=NOW).rows]


def test_the_newest_request_comes_first_and_screens_follow_without_gap_or_overlap():
    made = [rows.usage(NOW - HOUR * hours).pk for hours in range(1, 6)]

    first = record.requests(RequestFilter(), now=NOW, limit=2)
    second = record.requests(RequestFilter(), now=NOW, limit=2, after=first.next_cursor)
    third = record.requests(RequestFilter(), now=NOW, limit=2, after=second.next_cursor)

    assert [row.record.pk for page in (first, second, third) for row in page.rows] == made
    assert third.next_cursor == ""


def test_without_a_range_it_shows_seven_days_and_never_more_than_thirty_one():
    recent = rows.usage(NOW - timedelta(days=6)).pk
    old = rows.usage(NOW - timedelta(days=30)).pk
    rows.usage(NOW - timedelta(days=32))

    assert listed() == [recent]
    assert listed(since=NOW - timedelta(days=400)) == [recent, old]


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="swap its two dates"):
        listed(since=NOW, until=NOW - HOUR)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_a_cursor_that_is_none_is_refused(cursor):
    with pytest.raises(ValueError, match="no cursor"):
        record.requests(RequestFilter(), now=NOW, after=cursor)


def test_each_filter_leaves_only_what_it_names():
    team, other = rows.team(), rows.team("sales")
    key, entry = rows.key(team), rows.entry("acme/big-1")
    mine = rows.usage(NOW - HOUR, team_id=team.pk, key_id=key.pk, entry_id=entry.pk, requested="fast").pk
    failed = rows.usage(NOW - HOUR, team_id=other.pk, status="error", error_code="upstream_timeout").pk

    assert listed(team_id=team.pk) == listed(key_id=key.pk) == [mine]
    assert listed(model="fast") == listed(model="acme/big-1") == [mine]
    assert listed(status="error") == listed(code="upstream_timeout") == [failed]
    assert listed(team_id=other.pk, status="ok") == []


@pytest.mark.parametrize("name", ["env", "cost-centre", "a.b", "2024"])
def test_a_tag_is_found_whatever_its_name_is(name):
    mine = rows.usage(NOW - HOUR, tags={name: "x=1", "other": "y"}).pk
    rows.usage(NOW - HOUR, tags={name: "y"})
    rows.usage(NOW - HOUR, tags={})

    assert listed(tag=f"{name}=x=1") == [mine]
    assert listed(tag=f"{name}=") == listed(tag='odd"name=x') == listed(tag="$.env=x") == []


def test_a_search_stops_after_its_bound_and_goes_on_from_there(monkeypatch):
    monkeypatch.setattr(record, "MOST_ROWS", 3)
    hit = rows.usage(NOW - 5 * HOUR, status="error").pk
    for hours in range(1, 5):
        rows.usage(NOW - HOUR * hours)

    first = record.requests(RequestFilter(status="error"), now=NOW)
    second = record.requests(RequestFilter(status="error"), now=NOW, after=first.next_cursor)

    assert (first.rows, first.searched_to) == ((), NOW - 4 * HOUR)
    assert [row.record.pk for row in second.rows] == [hit]
    assert second.searched_to is None


def test_a_screen_names_what_its_ids_stand_for_in_a_fixed_number_of_queries(django_assert_num_queries):
    team, entry, provider = rows.team(), rows.entry(), rows.provider()
    key = rows.key(team)
    for hours in range(20):
        rows.usage(
            NOW - HOUR * hours, team_id=team.pk, key_id=key.pk, entry_id=entry.pk, provider_id=provider.pk
        )

    with django_assert_num_queries(5):
        screen = record.requests(RequestFilter(), now=NOW)

    assert {(row.team, row.key, row.entry, row.provider) for row in screen.rows} == {
        (team, key, entry, provider)
    }


def test_a_request_outlives_what_it_was_about():
    made = rows.usage(NOW, team_id=404, key_id=404, entry_id=404, provider_id=404)

    found = record.request(made.pk)

    assert (found.row.team, found.row.key, found.row.entry, found.row.provider) == (None,) * 4
    assert found.row.at == NOW
    assert ids.parse_request_id(found.row.request_id) == made.pk


def test_one_request_comes_with_its_attempts_in_order():
    entry, provider, other = rows.entry(), rows.provider(), rows.provider("backup")
    made = rows.usage(NOW, entry_id=entry.pk)
    rows.attempt(
        made, 2, provider_id=other.pk, entry_id=entry.pk, output_tokens=90, latency_ms=1500, ttft_ms=500
    )
    rows.attempt(made, 1, provider_id=provider.pk, entry_id=entry.pk, status="error")

    first, second = record.request(made.pk).attempts

    assert (first.provider, second.provider) == (provider, other)
    assert (first.tokens_per_second, second.tokens_per_second) == (None, 90.0)
    assert second.entry == entry


def test_there_is_no_request_of_an_unknown_id():
    assert record.request(7) is None
