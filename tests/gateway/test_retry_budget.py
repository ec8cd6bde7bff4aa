"""How many further attempts a process makes."""

from __future__ import annotations

from routing.retry_budget import SAVED, SHARE, RetryBudget


def test_a_quiet_time_saves_a_few():
    budget = RetryBudget()
    for _ in range(1000):
        budget.call()

    assert sum(budget.may_retry() for _ in range(100)) == SAVED


def test_when_every_call_fails_the_attempts_are_a_fifth_more_than_the_calls():
    budget, attempts = RetryBudget(), 0
    for _ in range(1000):
        budget.call()
        attempts += 1
        while attempts % 3 and budget.may_retry():
            attempts += 1

    assert attempts <= 1000 * (1 + SHARE) + SAVED
