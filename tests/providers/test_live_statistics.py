"""Statistics of a gateway process on their way to the database and back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError

from llmhub.lib import clock
from providers import statistics_rows
from providers.evidence_models import MinuteStatistic
from providers.live_statistics import LiveStatistics
from providers.tally import COUNTS, Outcome, Tally

OK = Outcome("ok", latency_ms=800, ttft_ms=200, tokens_per_second=50.5, tool_calls=2, bad_tool_calls=1)


def spoken(*outcomes: Outcome) -> LiveStatistics:
    statistics = LiveStatistics()
    for outcome in outcomes:
        statistics.record(1, outcome)
    return statistics


@pytest.mark.django_db
def test_a_minute_is_one_row_however_often_it_is_written():
    with time_machine.travel(1_790_000_040, tick=False):
        statistics = spoken(OK, OK, Outcome("timeout"))
        statistics.write()
        statistics.write()
        statistics.record(1, OK)
        statistics.write()

    row = MinuteStatistic.objects.get()
    assert (row.ok, row.timeout, row.tool_calls, row.bad_tool_calls) == (3, 1, 6, 3)
    assert statistics_rows.tally_of(row).latency.percentile(50) == pytest.approx(800, rel=0.01)


@pytest.mark.django_db
def test_each_process_learns_what_the_others_counted_and_a_restart_what_was():
    one, two = spoken(*[OK] * 15), spoken(*[OK] * 15)
    one.write()
    two.write()
    one.read(10)
    one.read(10)
    after = LiveStatistics()
    with time_machine.travel(clock.now() + timedelta(minutes=30), tick=False):
        after.read(180)
        assert after.live(0)[1].calls == pytest.approx(15, rel=0.05)

    assert one.live(0)[1].calls == 30
    assert one.live(0)[1].score is not None
    assert two.live(0)[1].score is None


def test_between_two_looks_the_same_mapping_is_returned():
    statistics = spoken(OK)
    found = statistics.live(100.0)
    statistics.record(1, OK)

    assert statistics.live(100.9) is found
    assert statistics.live(101.0)[1].calls == 2


@pytest.mark.django_db
def test_without_a_database_calls_are_counted_and_written_when_it_is_back(monkeypatch):
    statistics = spoken(OK)

    def away(*_args, **_more):
        raise OperationalError("the database is away")

    with monkeypatch.context() as gone:
        gone.setattr(statistics_rows, "write", away)
        assert not statistics._exchange(10)
        statistics.record(1, OK)
        assert not statistics._exchange(10)
    assert statistics.failures == 2
    assert statistics.live(0)[1].calls == 2

    assert statistics._exchange(10)
    assert sum(MinuteStatistic.objects.values_list("ok", flat=True)) == 2


def test_recording_waits_for_no_database(monkeypatch):
    """A write that hangs holds up no call: it happens outside the lock that a call takes."""
    statistics, hangs, free = spoken(OK), threading.Event(), threading.Event()

    def hang(_rows):
        hangs.set()
        assert free.wait(10)

    monkeypatch.setattr(statistics_rows, "write", hang)
    writing = threading.Thread(target=statistics.write)
    writing.start()
    assert hangs.wait(10)
    recording = threading.Thread(target=statistics.record, args=(1, OK))
    recording.start()
    recording.join(5)
    was_free = not recording.is_alive()
    free.set()
    writing.join()

    assert was_free


def test_a_row_keeps_every_count():
    tally = Tally({name: place + 1 for place, name in enumerate(COUNTS)})
    row = statistics_rows.row_of(statistics_rows.Kept(1, 2, "a", tally))

    assert statistics_rows.tally_of(row).counts == tally.counts


def test_a_call_that_ends_waits_for_one_row_of_a_write_at_most(monkeypatch):
    class Counting:
        times = 0

        def __enter__(self):
            self.times += 1

        def __exit__(self, *_error):
            pass

    statistics = spoken()
    for offer in range(10):
        statistics.record(offer, OK)
    statistics._lock = lock = Counting()
    monkeypatch.setattr(statistics_rows, "write", lambda _rows: None)

    statistics.write()

    assert lock.times >= 10
