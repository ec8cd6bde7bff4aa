"""What is known of offers from their calls: weighed by age, whoever counted them, once each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.decay import median
from providers.score import Evidence, score
from providers.statistics import MOST_UNWRITTEN, Statistics
from providers.tally import Outcome, Tally

START = 1_790_000_040.0  # the begin of a minute
OK = Outcome("ok", latency_ms=800, ttft_ms=200, tokens_per_second=50.5)


def counted(*outcomes: Outcome) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally


def live(statistics: Statistics, at: float, target=1, **more):
    return statistics.live(at, **({"models": {}} | more))[target]


def test_it_tells_what_calls_were_like():
    statistics = Statistics("a")
    for _ in range(30):
        statistics.record(1, OK, START)
    for ending in ("error", "timeout", "broken_off"):
        statistics.record(1, Outcome(ending, latency_ms=60_000), START)

    found = live(statistics, START)

    assert found.calls == 33
    assert found.latency_ms == pytest.approx(800, rel=0.01)  # a failure is no latency
    assert found.ttft_ms == pytest.approx(200, rel=0.01)
    assert found.tokens_per_second == pytest.approx(50.5, rel=0.01)
    assert found.score == float(score(Evidence(30, 3)).value)
    assert found.reliability == pytest.approx(0.7643, abs=1e-3)


@pytest.mark.parametrize("ending", ["rate_limited", "refused", "rejected", "caller_left"])
def test_what_is_no_illness_says_nothing(ending):
    statistics = Statistics("a")
    statistics.record(1, OK, START)
    before = live(statistics, START)
    statistics.record(1, Outcome(ending), START)

    assert live(statistics, START) == before


def test_a_call_counts_half_after_half_an_hour():
    statistics = Statistics("a")
    for _ in range(40):
        statistics.record(1, OK, START)

    assert live(statistics, START).score is not None
    assert live(statistics, START + 30 * 60).calls == pytest.approx(20)
    assert live(statistics, START + 60 * 60).calls == pytest.approx(10)
    assert live(statistics, START + 60 * 60).score is None
    assert statistics.live(START + 24 * 3600, models={}) == {}  # and is forgotten


@given(
    st.lists(st.tuples(st.integers(0, 3600), st.sampled_from([OK, Outcome("error")])), max_size=40),
    st.integers(0, 50),
)
def test_whenever_it_is_looked_at_it_is_the_sum_of_the_weights(calls, looks):
    """Looking settles minutes; that must change nothing."""
    statistics, end = Statistics("a"), START + 3600
    for after, outcome in sorted(calls, key=lambda call: call[0]):
        statistics.record(1, outcome, START + after)
        if looks and after % (looks + 1) == 0:
            statistics.live(START + after, models={})
    minutes = [int(end // 60) - int((START + after) // 60) for after, _ in calls]

    found = statistics.live(end, models={}).get(1)

    assert (found.calls if found else 0) == pytest.approx(sum(2 ** (-each / 30) for each in minutes))


def test_speed_is_compared_with_whoever_serves_the_same_model():
    statistics = Statistics("a")
    for target, latency in ((1, 800), (2, 400), (3, 100)):
        for _ in range(30):
            statistics.record(target, Outcome("ok", latency_ms=latency), START)

    found = statistics.live(START, models={1: 7, 2: 7, 3: 8})

    assert found[1].score == found[2].score - 12.5
    assert found[2].score == found[3].score


def test_what_another_process_writes_again_counts_once():
    statistics, minute = Statistics("a"), int(START // 60)
    for calls in (3, 3, 5):  # its row, as it grows
        statistics.take_in(1, process="b", minute=minute, tally=counted(*[OK] * calls), now=START + 5)

    assert live(statistics, START + 6).calls == 5
    later = START + 600
    statistics.live(later, models={})
    statistics.take_in(1, process="b", minute=minute, tally=counted(*[OK] * 5), now=later)
    statistics.take_in(1, process="c", minute=minute, tally=counted(*[OK] * 5), now=later)

    assert live(statistics, later).calls == pytest.approx(10 * 2 ** (-10 / 30))


def test_a_restart_knows_what_was_written():
    before = Statistics("a")
    for minute in range(90):
        before.record(1, OK, START + 60 * minute)
    after = Statistics("b")
    for target, minute, tally in before.unwritten():
        after.take_in(target, process="a", minute=minute, tally=tally, now=START + 90 * 60)

    assert live(after, START + 90 * 60).calls == pytest.approx(live(before, START + 90 * 60).calls)


def test_what_was_written_is_written_again_only_where_it_grew():
    statistics = Statistics("a")
    statistics.record(1, OK, START)
    statistics.record(2, OK, START)
    written = {(target, minute): tally.attempts for target, minute, tally in statistics.unwritten()}
    statistics.record(2, OK, START)

    statistics.written(written)

    assert [(target, tally.attempts) for target, _, tally in statistics.unwritten()] == [(2, 2)]


def test_a_database_that_stays_away_costs_the_oldest_minutes_and_no_more_memory():
    statistics = Statistics("a")
    for minute in range(MOST_UNWRITTEN + 500):
        statistics.record(1, OK, START + 60 * minute)

    left = statistics.unwritten()

    assert len(left) <= MOST_UNWRITTEN
    assert len(left) + statistics.lost == MOST_UNWRITTEN + 500
    assert max(minute for _, minute, _ in left) == int(START // 60) + MOST_UNWRITTEN + 499


def test_who_is_degraded_is_told():
    statistics = Statistics("a")
    statistics.record(1, OK, START)

    assert live(statistics, START, degraded={1}).is_degraded
    assert not live(statistics, START).is_degraded


def test_the_median_of_nothing_is_none():
    assert median({}) is None
