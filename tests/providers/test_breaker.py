"""The breaker of one offer, and a model of it that any sequence of calls has to agree with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.breaker import IN_A_ROW, JITTER, LEAST, LONGEST, OPEN_SECONDS, PROBE_SECONDS, WINDOW, Breaker

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


# --- against a model, calls overlapping ------------------------------------------------------------


@dataclass
class Model:
    """What the breaker should do, told as history since it last changed."""

    history: list[tuple[float, bool]] = field(default_factory=list)
    until: float | None = None
    opened: int = 0
    changes: int = 0
    probed_at: float | None = None

    def enter(self, now):
        if self.until is None:
            return (self.changes, False)
        busy = self.probed_at is not None and now < self.probed_at + PROBE_SECONDS
        if now < self.until or busy:
            return None
        self.probed_at = now
        return (self.changes, True)

    def end(self, call, now, outcome):
        change, probes = call
        if change != self.changes:
            return
        if outcome == "left":
            self.probed_at = None if probes else self.probed_at
            return
        if outcome == "ok" and probes:
            self.history, self.until, self.opened, self.probed_at = [], None, 0, None
            self.changes += 1
        self.history.append((now, outcome == "failed"))
        row = [failed for _, failed in self.history][-IN_A_ROW:]
        window = [failed for at, failed in self.history if at > now - WINDOW]
        ill = row == [True] * IN_A_ROW or (len(window) >= LEAST and sum(window) * 2 >= len(window))
        if outcome == "failed" and (probes or ill):
            self.until = now + min(OPEN_SECONDS * 2**self.opened, LONGEST)
            self.opened, self.changes, self.probed_at = self.opened + 1, self.changes + 1, None


STEPS = st.tuples(
    st.sampled_from([0.0, 0.4, 3.0, 11.0, 40.0]),
    st.sampled_from(["begin", "begin", "ok", "failed", "failed", "left"]),
    st.integers(0, 9),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, max_size=100))
def test_any_sequence_of_overlapping_calls_agrees_with_the_model(steps):
    breaker, model, now, running = Breaker(), Model(), 0.0, []
    for pause, step, which in steps:
        now += pause
        if step == "begin" or not running:
            entry, call = breaker.enter(now), model.enter(now)
            assert (entry is None) == (call is None)
            running += [(entry, call)] if entry else []
            continue
        entry, call = running.pop(which % len(running))
        if step == "ok":
            breaker.succeeded(entry, now)
        elif step == "failed":
            breaker.failed(entry, now, EVEN)
        else:
            breaker.leave(entry)
        model.end(call, now, step)
