"""Offers that are refused call after call are tried last, and looked at again."""

from __future__ import annotations

import pytest

from providers.errors import CredentialRefused, ProviderUnavailable, TargetMisconfigured
from providers.live import Live
from providers.missing import IN_A_ROW, LOOK_AGAIN, Missing

GONE = TargetMisconfigured("no such model", status=404)


def last(missing: Missing, now: float, **live: Live) -> list[int]:
    known = missing.among({int(name[1:]): each for name, each in live.items()}, now)
    return [offer for offer, each in known.items() if each.is_degraded]


@pytest.fixture
def missing():
    """One offer that was refused three times in a row, the last time at 100 s."""
    made = Missing()
    for _ in range(IN_A_ROW):
        made.failed(7, GONE, 100.0)
    return made


def test_an_offer_that_is_refused_three_times_in_a_row_is_tried_last():
    made = Missing()
    for seen in ([], [], [7]):
        made.failed(7, GONE, 100.0)
        assert last(made, 101.0) == seen


def test_what_is_known_of_it_stays_and_others_are_as_they_were(missing):
    live = missing.among({7: Live(calls=5.0), 8: Live(calls=6.0)}, 101.0)

    assert live == {7: Live(calls=5.0, is_degraded=True), 8: Live(calls=6.0)}


def test_after_five_minutes_a_call_looks_again_and_one_refusal_is_enough(missing):
    after = 100.0 + LOOK_AGAIN
    assert (last(missing, after - 1), last(missing, after)) == ([7], [])

    missing.failed(7, GONE, after)

    assert last(missing, after + 1) == [7]


def test_an_answer_ends_it(missing):
    missing.answered(7)

    assert last(missing, 101.0) == []
    missing.failed(7, GONE, 102.0)
    assert last(missing, 103.0) == []


@pytest.mark.parametrize(
    "error", [ProviderUnavailable("down", status=503), CredentialRefused("no", status=401)]
)
def test_illness_and_credentials_are_seen_to_elsewhere(error):
    made = Missing()
    for _ in range(10):
        made.failed(7, error, 100.0)

    assert last(made, 101.0) == []
