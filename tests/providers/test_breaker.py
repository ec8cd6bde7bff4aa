"""The breaker of one offer, by example and against its model (tests/providers/breaker_model.py)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.breaker import (
    IN_A_ROW,
    JITTER,
    LEAST,
    LONGEST,
    NEAR,
    OPEN_SECONDS,
    PROBE_SECONDS,
    WINDOW,
    Breaker,
)
from tests.providers.breaker_model import STEPS, differences

EVEN = 0.5  # the chance that makes a time neither longer nor shorter


def fail(breaker, at=0.0, chance=EVEN) -> bool:
    entry = breaker.enter(at)
    assert entry is not None
    return breaker.failed(entry, at, chance)


def succeed(breaker, at=0.0) -> bool:
    return breaker.succeeded(breaker.enter(at), at)


def opened(chance: float = EVEN) -> Breaker:
    breaker = Breaker()
    for _ in range(IN_A_ROW):
        fail(breaker, chance=chance)
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row():
    breaker = Breaker()

    assert [fail(breaker) for _ in range(IN_A_ROW)] == [False] * (IN_A_ROW - 1) + [True]
    assert breaker.state(0) == "open"


def test_a_success_begins_the_row_anew():
    breaker = Breaker()
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            fail(breaker)
        succeed(breaker)

    assert breaker.state(0) == "closed"


@pytest.mark.parametrize(("early", "state"), [("succeeded", "open"), ("runs", "open"), ("between", "closed")])
def test_successes_of_calls_that_began_before_an_outage_end_no_row_of_it(early, state):
    """Calls take seconds, refusals do not: the last good answers come in while all that begins fails."""
    breaker = Breaker()
    before = [breaker.enter(0.0) for _ in range(IN_A_ROW)]
    for old in before:
        new = breaker.enter(1.0)
        if early == "succeeded":
            breaker.succeeded(old, 1.0)
        elif early == "between":
            succeed(breaker, 1.0)
        breaker.failed(new, 1.0, EVEN)

    assert breaker.state(1.0) == state


def test_a_call_that_tells_nothing_does_not_end_a_row_that_others_end():
    breaker = Breaker()
    early = [breaker.enter(0.0) for _ in range(IN_A_ROW)]
    for old in early:
        breaker.leave(breaker.enter(1.0))
        new = breaker.enter(1.0)
        breaker.succeeded(old, 1.0)
        breaker.failed(new, 1.0, EVEN)

    assert breaker.state(1.0) == "open"


def test_calls_that_hang_are_a_row_however_many_began_since():
    breaker = Breaker()
    hanging = [breaker.enter(0.0) for _ in range(1000)]
    ok = [breaker.enter(0.0) for _ in range(IN_A_ROW)]
    for place in range(IN_A_ROW):
        assert breaker.state(0.0) == "closed"
        breaker.succeeded(ok[place], 0.0)
        breaker.failed(hanging[place], 0.0, EVEN)

    assert breaker.state(0.0) == "open"


def test_what_is_remembered_of_single_calls_is_bounded():
    breaker = Breaker()
    for _ in range(10_000):
        breaker.leave(breaker.enter(0.0))

    assert len(breaker._said) <= 2 * NEAR + 1


@pytest.mark.parametrize(("calls", "state"), [(LEAST - 2, "closed"), (LEAST, "open")])
def test_it_opens_when_half_of_twenty_fail_within_ten_seconds(calls, state):
    breaker = Breaker()
    for call in range(calls):
        succeed(breaker, call / 4) if call % 2 == 0 else fail(breaker, call / 4)

    assert breaker.state(calls / 4) == state


def test_older_calls_do_not_count():
    breaker = Breaker()
    for call in range(LEAST):
        succeed(breaker, call * WINDOW) if call % 2 == 0 else fail(breaker, call * WINDOW)

    assert breaker.state(LEAST * WINDOW) == "closed"


def test_open_it_lets_nobody_through_and_then_one():
    breaker = opened()

    assert breaker.enter(OPEN_SECONDS - 0.1) is None
    assert breaker.state(OPEN_SECONDS) == "half_open"
    assert [bool(breaker.enter(OPEN_SECONDS)) for _ in range(3)] == [True, False, False]


def test_a_probe_that_says_nothing_for_long_is_joined_by_another():
    breaker = opened()
    breaker.enter(OPEN_SECONDS)

    assert breaker.enter(OPEN_SECONDS + PROBE_SECONDS - 0.1) is None
    assert breaker.enter(OPEN_SECONDS + PROBE_SECONDS)


def test_a_probe_that_succeeds_closes_it():
    breaker = opened()

    assert succeed(breaker, OPEN_SECONDS)
    assert breaker.state(OPEN_SECONDS) == "closed"
    assert breaker.enter(OPEN_SECONDS)


def test_a_probe_closes_it_when_it_begins_to_answer():
    breaker = opened()
    entry = breaker.enter(OPEN_SECONDS)

    assert breaker.answers(entry)
    assert breaker.enter(OPEN_SECONDS)
    assert not breaker.succeeded(entry, OPEN_SECONDS + 9)


def test_each_probe_that_fails_doubles_the_time_up_to_a_bound():
    breaker, now, waits = opened(), 0.0, []
    for _ in range(6):
        now += breaker.wait(now)
        fail(breaker, now)
        waits.append(breaker.wait(now))

    assert waits == [60.0, 120.0, 240.0, LONGEST, LONGEST, LONGEST]


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_times_are_spread(chance):
    assert opened(chance).wait(0) == pytest.approx(OPEN_SECONDS * (1 + JITTER * (2 * chance - 1)))


def test_a_probe_whose_caller_left_is_taken_by_the_next():
    breaker = opened()
    breaker.leave(breaker.enter(OPEN_SECONDS))

    assert breaker.enter(OPEN_SECONDS)


@pytest.mark.parametrize("end", ["leave", "succeeded", "failed"])
def test_calls_that_began_before_it_opened_are_no_probes(end):
    breaker = Breaker()
    early = breaker.enter(0)
    for _ in range(IN_A_ROW):
        fail(breaker)
    breaker.enter(OPEN_SECONDS)

    arguments = {"leave": (), "succeeded": (OPEN_SECONDS,), "failed": (OPEN_SECONDS, EVEN)}[end]
    getattr(breaker, end)(early, *arguments)

    assert breaker.state(OPEN_SECONDS) == "half_open"
    assert breaker.enter(OPEN_SECONDS) is None


def test_what_another_process_saw_opens_it_and_its_own_longer_time_counts():
    breaker = Breaker()

    assert breaker.open_until_then(20.0, 1)
    assert breaker.wait(0) == 20.0
    assert not breaker.open_until_then(10.0, 1)
    assert breaker.wait(0) == 20.0
    fail(breaker, 20.0)
    assert breaker.wait(20.0) == 2 * OPEN_SECONDS  # it goes on where the other one was


def test_closing_it_says_whether_it_was_open_and_forgets_what_was():
    breaker = opened()

    assert breaker.close()
    assert not breaker.close()
    assert [fail(breaker, 1.0) for _ in range(IN_A_ROW)] == [False] * (IN_A_ROW - 1) + [True]
    assert breaker.wait(1.0) == OPEN_SECONDS


# --- against the model, calls overlapping: `./run prove R-19` has ten thousand long sequences ---------


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(*map(st.sampled_from, STEPS)), max_size=100))
def test_any_sequence_of_overlapping_calls_agrees_with_the_model(steps):
    assert differences(steps) == []


def test_a_breaker_that_opens_one_failure_late_does_not(monkeypatch):
    monkeypatch.setattr("providers.breaker.IN_A_ROW", IN_A_ROW + 1)
    steps = [(0.0, "begin", 0, 0.5), (0.0, "failed", 0, 0.5)] * (IN_A_ROW + 1)

    assert differences(steps) != []
