"""The score: a table of figures by hand, and what holds for every evidence."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.score import Evidence, Part, provider_score, score, wilson_lower, wilson_upper
from tests.architecture import ROOT

# Reckoned by hand from docs/scoring.md: w = (k + z²/2 - z·sqrt(k(n-k)/n + z²/4)) / (n + z²), z = 1.959964.
GOLDEN = [
    # well, ill, latency, speed, peers' latency and speed: reliability, latency, throughput
    (20, 0, 800, 50, (), ("42.2", "25", "15")),
    (100, 0, 800, 50, (), ("55.6", "25", "15")),
    (1000, 0, 800, 50, (), ("59.5", "25", "15")),
    (950, 50, 800, 50, (), ("52.4", "25", "15")),
    (100, 0, 800, 50, ((400, 100),), ("55.6", "12.5", "7.5")),
    (100, 0, 800, 50, ((1600, 25), (1000, 60)), ("55.6", "25", "12.5")),
    (50, 50, 800, 50, ((200, 50),), ("9.8", "6.2", "15")),
    (0, 100, None, None, ((200, 50),), ("0", "25", "15")),
]


@pytest.mark.parametrize(("well", "ill", "latency", "speed", "peers", "terms"), GOLDEN)
def test_the_golden_table(well, ill, latency, speed, peers, terms):
    found = score(Evidence(well, ill, latency, speed), [Evidence(100, 0, *peer) for peer in peers])

    assert (found.reliability, found.latency, found.throughput) == tuple(map(Decimal, terms))


def test_the_table_of_the_docs_is_true():
    text = (ROOT / "docs/scoring.md").read_text()
    lines = re.findall(
        r"^\| (\d+) \| (\d+) \| 800 ms, 50/s \| (?:none|(\d+) ms, (\d+)/s) \| (.+) \|$", text, re.M
    )
    assert len(lines) == 6
    for well, ill, latency, speed, said in lines:
        peers = [Evidence(100, 0, float(latency), float(speed))] if latency else []
        found = score(Evidence(float(well), float(ill), 800, 50), peers)
        shown = [f"{each:.1f}" for each in (found.reliability, found.latency, found.throughput, found.value)]
        assert shown == said.split(" | ")


def test_below_20_calls_there_is_no_score_and_nobody_is_compared_with_it():
    few = Evidence(19.9, 0, latency_ms=1, tokens_per_second=1000)
    many = Evidence(50, 0, latency_ms=100, tokens_per_second=10)

    assert score(few) is None
    assert score(many, [few]) == score(many)
    assert score(Evidence(20), []) is not None


positive = st.floats(1, 1e6, allow_nan=False)
times = st.one_of(st.none(), positive)
evidences = st.builds(Evidence, st.floats(0, 1e6), st.floats(0, 1e6), times, times)


@given(evidences, st.lists(evidences, max_size=4))
def test_the_terms_sum_to_the_score_within_their_bounds(own, peers):
    found = score(own, peers)
    if found is None:
        assert own.calls < 20
        return

    assert found.reliability + found.latency + found.throughput == found.value
    assert 0 <= found.reliability <= 60
    assert 0 <= found.latency <= 25
    assert 0 <= found.throughput <= 15


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 1000), times, times)
def test_more_failures_never_raise_it(well, ill, more, latency, speed):
    before = score(Evidence(well, ill, latency, speed))
    after = score(Evidence(well, ill + more, latency, speed))

    assert before is None or after.value <= before.value


@given(st.integers(20, 400), st.integers(4, 50))
def test_few_perfect_calls_score_below_many_perfect_ones(few, times_more):
    assert score(Evidence(few)).value < score(Evidence(few * times_more)).value


@given(evidences, st.integers(1, 4))
def test_identical_peers_score_the_same(own, others):
    group = [own] * (others + 1)
    found = [score(each, group[1:]) for each in group]

    assert found[0] is None or {each.value for each in found} == {found[0].value}
    assert found[0] is None or (found[0].latency, found[0].throughput) == (25, 15)


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_it_is_about(well, ill):
    calls = well + ill

    assert wilson_lower(well, calls) <= well / calls <= wilson_upper(well, calls)


def test_a_provider_is_judged_by_all_its_calls_and_its_speed_by_those_of_each_model():
    fast = Part(Evidence(300, 0, 100, 50), [Evidence(100, 0, 200, 50)])
    slow = Part(Evidence(100, 0, 400, 50), [Evidence(100, 0, 100, 50)])

    found = provider_score([fast, slow])

    assert found.reliability == score(Evidence(400)).reliability
    assert found.latency == Decimal("20.3")  # 25 x (300 x 1 + 100 x 0.25) / 400
