"""Ids: unique, rising, readable as a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.lib import clock, ids
from llmhub.lib.ids import IdMaker

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(monkeypatch, *moments):
    """Let the clock say these moments in turn, the last one for ever."""
    left = [int(moment.timestamp() * 1000) for moment in moments]
    monkeypatch.setattr(clock, "unix_ms", lambda: left.pop(0) if len(left) > 1 else left[0])


def test_an_id_says_when_it_was_made(monkeypatch):
    at(monkeypatch, NOON)

    made = IdMaker(7).next()

    assert ids.moment_of(made) == NOON
    assert ids.first_at(NOON) <= made < ids.first_at(NOON + timedelta(milliseconds=1))


def test_ids_rise_when_the_clock_is_set_back(monkeypatch):
    at(monkeypatch, NOON, NOON - timedelta(hours=1))
    maker = IdMaker(7)

    made = [maker.next() for _ in range(10_000)]

    assert made == sorted(set(made))


def test_a_new_maker_begins_after_the_newest_id_although_the_clock_was_set_back(monkeypatch):
    at(monkeypatch, NOON)
    old = IdMaker(9).next()
    at(monkeypatch, NOON - timedelta(minutes=1))

    assert IdMaker(7, after=old).next() > old


def test_more_ids_than_a_millisecond_holds_go_on_in_the_next(monkeypatch):
    at(monkeypatch, NOON)
    maker = IdMaker(1)

    made = [maker.next() for _ in range(4097)]

    assert ids.moment_of(made[4095]) == NOON
    assert ids.moment_of(made[4096]) == NOON + timedelta(milliseconds=1)


def test_threads_that_share_a_maker_never_get_the_same_id():
    maker = IdMaker(3)
    made = [[] for _ in range(8)]

    def work(own):
        own.extend(maker.next() for _ in range(2_000))

    threads = [threading.Thread(target=work, args=[own]) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({row_id for own in made for row_id in own}) == 16_000
    assert all(own == sorted(own) for own in made)


def test_two_workers_never_make_the_same_id(monkeypatch):
    at(monkeypatch, NOON)
    one, two = IdMaker(1), IdMaker(2)

    assert not {one.next() for _ in range(100)} & {two.next() for _ in range(100)}


@pytest.mark.parametrize("worker", [-1, 1024])
def test_a_worker_that_does_not_fit_is_refused(worker):
    with pytest.raises(ValueError, match="0 to 1023"):
        IdMaker(worker)


@given(st.integers(0, 2**63 - 1))
def test_a_request_id_can_be_read_back(row_id):
    assert ids.parse_request_id(ids.request_id(row_id)) == row_id


@pytest.mark.parametrize(
    "text", ["", "7", "req_", "req_zz", "req_-5", "req_1_0", "req_" + "f" * 16, "req_" + "0" * 17]
)
def test_other_texts_are_no_request_ids(text):
    assert ids.parse_request_id(text) is None
