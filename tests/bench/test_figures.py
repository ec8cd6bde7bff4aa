"""What is made of the samples."""

from __future__ import annotations

import pytest

from llmhub.bench.figures import Comparison, Disturbed, Sample, merged, percentile


def sample(calls=100, failed=0, seconds=1.0, p50=2.0, first_p50=1.0, failure="", p99=4.0):
    return Sample(calls, failed, seconds, p50, 3.0, p99, first_p50, 2.0, failure)


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 1), (0.5, 51), (0.99, 100), (1, 100)], ids=["least", "middle", "p99", "most"]
)
def test_percentiles_of_1_to_100(share, expected):
    assert percentile(range(100, 0, -1), share) == expected


def test_percentile_of_nothing_is_0():
    assert percentile([], 0.5) == 0


def test_only_good_calls_count_and_compare():
    row = Comparison("plain", 1, bare=sample(calls=100), gateway=sample(calls=60, failed=10, p50=3.5))

    assert row.gateway.per_second == 50
    assert row.share == 0.5
    assert row.added_ms == 1.5


def test_a_stream_is_compared_by_its_first_byte():
    row = Comparison("stream", 1, bare=sample(first_p50=1.0), gateway=sample(p50=90.0, first_p50=3.0))

    assert row.added_ms == 2.0


def test_nothing_answered_is_a_share_of_0():
    row = Comparison("plain", 1, bare=sample(calls=5, failed=5), gateway=sample())

    assert row.share == 0


def test_parts_of_a_sample_are_added_and_the_middle_one_says_how_long_calls_take():
    parts = [sample(p50=1.0), sample(p50=9.0, failed=1, failure="Refused: 503"), sample(p50=2.0, seconds=2.0)]

    whole = merged(parts)

    assert (whole.calls, whole.failed, whole.seconds, whole.p50) == (300, 1, 4.0, 2.0)
    assert whole.failure == "Refused: 503"


def test_what_disturbs_is_told_in_shares_of_the_quiet():
    row = Disturbed("pages", 8, quiet=sample(calls=100, p99=4.0), meanwhile=sample(calls=80, p99=6.0))

    assert row.share == 0.8
    assert row.p99_times == 1.5
