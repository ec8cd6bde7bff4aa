from __future__ import annotations

import pytest

from llmhub.lib.limiter import Limiter


def failed(limiter: Limiter, subject: str, *times: float) -> Limiter:
    for now in times:
        limiter.fail(subject, now)
    return limiter


def test_below_the_limit_nobody_waits():
    assert failed(Limiter(limit=3, window=60), "ada", 0, 1).wait("ada", 2) == 0


@pytest.mark.parametrize(("now", "wait"), [(2, 58), (59, 1), (60, 0), (100, 0)])
def test_at_the_limit_one_waits_until_the_oldest_failure_is_forgotten(now, wait):
    assert failed(Limiter(limit=3, window=60), "ada", 0, 1, 2).wait("ada", now) == wait


def test_only_the_newest_failures_count():
    limiter = failed(Limiter(limit=2, window=60), "ada", 0, 30, 50)

    assert limiter.wait("ada", 50) == 40  # until 30 is forgotten, not 0


def test_subjects_do_not_know_each_other():
    limiter = failed(Limiter(limit=1, window=60), "ada", 0)

    assert limiter.wait("bob", 0) == 0


def test_a_forgotten_subject_starts_anew():
    limiter = failed(Limiter(limit=1, window=60), "ada", 0)
    limiter.forget("ada")

    assert limiter.wait("ada", 0) == 0


def test_it_remembers_a_bounded_number_of_subjects_the_newest():
    limiter = Limiter(limit=1, window=60, subjects=2)
    for now, subject in enumerate(["ada", "bob", "cem"]):
        limiter.fail(subject, now)

    assert [limiter.wait(subject, 3) > 0 for subject in ("ada", "bob", "cem")] == [False, True, True]


def test_a_failure_that_was_none_is_taken_back():
    limiter = failed(Limiter(limit=2, window=60), "ada", 0, 1)
    limiter.take_back("ada")
    limiter.take_back("nobody")

    assert limiter.wait("ada", 2) == 0
    assert failed(limiter, "ada", 3).wait("ada", 3) == 57
