"""How many further attempts a process makes for one model."""

from __future__ import annotations

import pytest

from routing.retry_budget import MOST, PER_SECOND, RetryBudget


def attempts_of(calls: int, *, seconds_apart: float) -> int:
    """Attempts where every one fails and each call would like two more."""
    budget, attempts = RetryBudget(), 0
    for number in range(calls):
        budget.call(number * seconds_apart)
        attempts += 1
        for _ in range(2):
            attempts += budget.may_retry()
    return attempts


@pytest.mark.parametrize("calls", [100, 1000, 10_000])
def test_in_an_outage_the_attempts_are_less_than_a_fifth_more_than_the_calls(calls):
    assert calls < attempts_of(calls, seconds_apart=0.001) <= 1.2 * calls


def test_a_model_that_is_seldom_called_can_always_be_tried_again():
    assert attempts_of(50, seconds_apart=2 / PER_SECOND) == 150


def test_a_quiet_time_saves_no_more_than_a_few():
    budget = RetryBudget()
    budget.call(0)
    budget.call(1e6)

    assert sum(budget.may_retry() for _ in range(100)) == MOST
