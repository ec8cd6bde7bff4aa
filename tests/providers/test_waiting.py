"""How long to wait: durations, points in time, Unix time; never longer than a day, never with a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.adapters.reading import MAX_RETRY_AFTER
from providers.adapters.waiting import until_reset, wait_of

DATE = "Wed, 19 Aug 2026 14:41:18 GMT"
EPOCH = 1_787_150_478  # the same moment


def openai(requests: tuple[str, str], tokens: tuple[str, str]) -> dict[str, str]:
    return {
        "x-ratelimit-remaining-requests": requests[0],
        "x-ratelimit-reset-requests": requests[1],
        "x-ratelimit-remaining-tokens": tokens[0],
        "x-ratelimit-reset-tokens": tokens[1],
    }


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("6m0s", 360.0), ("1.2s", 1.2), ("4ms", 0.004), ("0s", 0.0), ("1h2m3s", 3723.0), ("2m59.56s", 179.56),
        ("1d", 86_400.0), ("30", 30.0), ("400d", MAX_RETRY_AFTER), ("", None), ("soon", None), ("-5s", None),
        ("5 s", None), ("s", None), ("nan", None), ("1e9", None), ("9" * 40, None), ("1s" * 50, None),
    ],
)  # fmt: skip
def test_a_duration_is_read_in_its_units(reset, seconds):
    found = until_reset({"x-ratelimit-reset-tokens": reset})

    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (openai(("0", "6m0s"), ("150", "1s")), 360.0),
        (openai(("9", "6m0s"), ("0", "1s")), 1.0),
        (openai(("0", "2s"), ("0", "9s")), 9.0),
        (openai(("9", "2s"), ("150", "9s")), None),  # neither is the reason
        (openai(("", "2s"), ("", "")), 2.0),
        ({}, None),
    ],
)
def test_the_exhausted_limit_counts_and_of_those_that_say_nothing_the_longest(headers, seconds):
    assert until_reset(headers) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-08-19T14:41:48Z", 30.0), ("2026-08-19T16:41:48+02:00", 30.0), ("2026-08-19T14:41:18.5Z", 0.5),
        ("2026-08-19T14:00:00Z", 0.0), ("2027-08-19T14:00:00Z", MAX_RETRY_AFTER),
        ("2026-08-19T14:41:48", None), ("2026-08-19", None), ("ANTHROPIC-RATELIMIT-XXX", None),
    ],
)  # fmt: skip
def test_a_point_in_time_is_read_against_the_answers_own_date(value, seconds):
    headers = {"anthropic-ratelimit-output-tokens-reset": value}

    assert until_reset({**headers, "date": DATE}) == seconds
    assert until_reset(headers) is None
    assert until_reset({**headers, "date": "yesterday"}) is None


@pytest.mark.parametrize("value", [str((EPOCH + 45) * 1000), str(EPOCH + 45), f"{EPOCH + 45}.0"])
def test_unix_time_is_read_in_seconds_and_milliseconds(value):
    assert until_reset({"x-ratelimit-reset": value, "x-ratelimit-remaining": "0", "date": DATE}) == 45.0
    assert until_reset({"x-ratelimit-reset": value}) is None


def test_limits_of_both_families_are_told_apart():
    headers = openai(("1", "50s"), ("1", "50s")) | {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-08-19T14:41:25Z",
        "date": DATE,
    }

    assert until_reset(headers) == 7.0


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "20", 20.0),
        (429, "soon", 6.0),
        (429, "", 6.0),
        (503, "20", 20.0),
        (503, "", None),
        (400, "20", None),
    ],
)
def test_what_a_provider_asks_for_wins_over_what_we_read_from_its_limits(status, retry_after, seconds):
    headers = {"x-ratelimit-reset-tokens": "6s", **({"retry-after": retry_after} if retry_after else {})}

    assert wait_of(status, headers) == seconds


NAMES = st.sampled_from(
    ["retry-after", "date", "x-ratelimit-reset", "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens",
     "anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining"]
)  # fmt: skip
VALUES = (
    st.text(max_size=40) | st.sampled_from(["0", DATE, "6m0s", str(EPOCH)]) | st.from_regex(r"[0-9.]+[mshd]+")
)


@given(st.dictionaries(NAMES, VALUES), st.integers(100, 999))
def test_no_header_makes_us_wait_for_ever(headers, status):
    wait = wait_of(status, headers)

    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER
