"""The breaker of one offer, and a model of it that any sequence of calls has to agree with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.breaker import IN_A_ROW, JITTER, LEAST, LONGEST, OPEN_SECONDS, WINDOW, Breaker

EVEN = 0.5  # the chance that makes a time neither longer nor shorter


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(IN_A_ROW):
        breaker.enter(at)
        breaker.failed(at, EVEN)
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row():
    breaker = Breaker()

    told = [breaker.enter(0) and breaker.failed(0, EVEN) for _ in range(IN_A_ROW)]

    assert told == [False] * (IN_A_ROW - 1) + [True]
    assert breaker.state(0) == "open"


def test_a_success_begins_the_row_anew():
    breaker = Breaker()
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            breaker.failed(0, EVEN)
        breaker.succeeded(0)

    assert breaker.state(0) == "closed"


@pytest.mark.parametrize(("calls", "state"), [(LEAST - 2, "closed"), (LEAST, "open")])
def test_it_opens_when_half_of_twenty_fail_within_ten_seconds(calls, state):
    breaker = Breaker()
    for call in range(calls):
        breaker.succeeded(call / 4) if call % 2 == 0 else breaker.failed(call / 4, EVEN)

    assert breaker.state(calls / 4) == state


def test_older_calls_do_not_count():
    breaker = Breaker()
    for call in range(LEAST):
        breaker.succeeded(call * WINDOW) if call % 2 == 0 else breaker.failed(call * WINDOW, EVEN)

    assert breaker.state(LEAST * WINDOW) == "closed"


def test_open_it_lets_nobody_through_and_then_one():
    breaker = opened()

    assert not breaker.enter(OPEN_SECONDS - 0.1)
    assert breaker.state(OPEN_SECONDS) == "half_open"
    assert [breaker.enter(OPEN_SECONDS) for _ in range(3)] == [True, False, False]


def test_a_probe_that_succeeds_closes_it():
    breaker = opened()
    breaker.enter(OPEN_SECONDS)

    assert breaker.succeeded(OPEN_SECONDS + 1)
    assert breaker.state(OPEN_SECONDS + 1) == "closed"
    assert breaker.enter(OPEN_SECONDS + 1)


def test_each_probe_that_fails_doubles_the_time_up_to_a_bound():
    breaker, now, waits = opened(), 0.0, []
    for _ in range(6):
        now += breaker.wait(now)
        breaker.enter(now)
        breaker.failed(now, EVEN)
        waits.append(breaker.wait(now))

    assert waits == [60.0, 120.0, 240.0, LONGEST, LONGEST, LONGEST]


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_times_are_spread(chance):
    breaker = Breaker()
    for _ in range(IN_A_ROW):
        breaker.failed(0, chance)

    assert breaker.wait(0) == pytest.approx(OPEN_SECONDS * (1 + JITTER * (2 * chance - 1)))


def test_a_probe_whose_caller_left_is_taken_by_the_next():
    breaker = opened()
    breaker.enter(OPEN_SECONDS)
    breaker.leave()

    assert breaker.enter(OPEN_SECONDS)


# --- against a model -----------------------------------------------------------------------------


@dataclass
class Model:
    """What the breaker should do, told as history."""

    history: list[tuple[float, bool]] = field(default_factory=list)
    until: float | None = None
    opened: int = 0
    probing: bool = False

    def enter(self, now):
        if self.until is None:
            return True
        if now < self.until or self.probing:
            return False
        self.probing = True
        return True

    def end(self, now, outcome):
        if outcome == "left":
            self.probing = False
            return
        if outcome == "ok" and self.probing:
            self.__init__()
        self.history.append((now, outcome == "failed"))
        row = [failed for _, failed in self.history][-IN_A_ROW:]
        window = [failed for at, failed in self.history if at > now - WINDOW]
        ill = row == [True] * IN_A_ROW or (len(window) >= LEAST and sum(window) * 2 >= len(window))
        if outcome == "failed" and (self.probing or (self.until is None and ill)):
            self.until = now + min(OPEN_SECONDS * 2**self.opened, LONGEST)
            self.opened, self.probing = self.opened + 1, False


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.4, 3.0, 11.0, 40.0]), st.sampled_from(["ok", "failed", "failed", "left"])
        ),
        max_size=80,
    )
)
def test_any_sequence_of_calls_agrees_with_the_model(steps):
    breaker, model, now = Breaker(), Model(), 0.0
    for pause, outcome in steps:
        now += pause
        entered = breaker.enter(now)
        assert entered == model.enter(now)
        if not entered:
            continue
        if outcome == "ok":
            breaker.succeeded(now)
        elif outcome == "failed":
            breaker.failed(now, EVEN)
        else:
            breaker.leave()
        model.end(now, outcome)
