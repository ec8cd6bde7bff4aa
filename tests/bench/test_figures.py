"""What is made of the samples."""

from __future__ import annotations

import json

import pytest

from llmhub.bench.figures import Comparison, LedgerSample, Report, Sample, document, percentile, text


def sample(calls=100, failed=0, seconds=1.0, p50=2.0, first_p50=1.0, failure=""):
    return Sample(calls, failed, seconds, p50, 3.0, 4.0, first_p50, 2.0, failure)


def report(gateway=None):
    row = Comparison("plain", 8, bare=sample(), gateway=gateway or sample(calls=60, p50=3.5))
    return Report((row,), {"/": sample(p50=12.0)}, LedgerSample(4000.4, 2.25))


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


def test_the_table_has_a_line_for_each_measurement():
    lines = text(report()).splitlines()

    assert lines[1].split()[:5] == ["plain", "8", "100", "60", "60%"]
    assert any(line.split()[:2] == ["/", "12.0"] for line in lines)
    assert lines[-1] == "ledger alone: 4,000 calls/s; 2.2 ms for one caller"


def test_failures_are_told_with_the_first_answer():
    shown = text(report(gateway=sample(calls=10, failed=3, failure="Refused: 503")))

    assert "3 calls failed" in shown
    assert "Refused: 503" in shown


def test_programs_get_the_same():
    found = json.loads(json.dumps(document(report())))

    assert found["gateway"][0]["share_of_bare"] == 0.6
    assert found["pages"]["/"]["p50"] == 12.0
    assert found["ledger"]["alone_ms"] == 2.25
