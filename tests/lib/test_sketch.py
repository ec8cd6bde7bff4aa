"""Percentiles from counts, against the percentiles of the values themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.lib import sketch
from llmhub.lib.sketch import Sketch

values = st.lists(st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1)), max_size=60)
percents = st.integers(1, 100)


def exact(numbers: list[int], percent: int) -> int:
    """The smallest value that at least so many percent do not exceed."""
    return sorted(numbers)[-(-len(numbers) * percent // 100) - 1]


def merged(*parts: Sketch) -> Sketch:
    whole = Sketch()
    for part in parts:
        whole.merge(part)
    return whole


@given(values.filter(bool), percents)
def test_a_percentile_is_within_one_percent(numbers, percent):
    found, true = sketch.of(numbers).percentile(percent), exact(numbers, percent)

    assert abs(found - true) <= true / 128


@given(st.lists(st.integers(0, 127), min_size=1), percents)
def test_below_128_a_percentile_is_exact(numbers, percent):
    assert sketch.of(numbers).percentile(percent) == exact(numbers, percent)


def test_the_bound_is_reached_so_a_closer_one_would_not_hold():
    numbers = [64 << 20] * 2 + [65 << 20]  # the first of its bucket

    assert abs(sketch.of(numbers).percentile(50) - numbers[0]) > numbers[0] / 140


@pytest.mark.parametrize("value", [0, 1, 127, 128, 1500, 2**32 - 1])
def test_one_value_is_every_percentile_of_itself(value):
    assert [sketch.of([value]).percentile(percent) for percent in (1, 50, 100)] == [value] * 3


def test_nothing_has_no_percentile():
    assert Sketch().percentile(50) is None
    assert Sketch().to_bytes() == b""


def test_values_out_of_range_count_as_the_nearest_one_in_it():
    assert sketch.of([-5, 2**40]).percentile(1) == 0
    assert sketch.of([-5, 2**40]).most == 2**32 - 1


@given(values, values, values)
def test_the_order_of_merging_does_not_matter(first, second, third):
    a, b, c = map(sketch.of, (first, second, third))

    assert merged(a, b) == merged(b, a) == sketch.of(first + second)
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == sketch.of(first + second + third)


@given(values, values)
def test_bytes_can_be_merged_as_they_are(first, second):
    whole = Sketch()
    for part in (first, second):
        whole.merge_bytes(sketch.of(part).to_bytes())

    assert whole == sketch.of(first + second)
    assert whole.to_bytes() == sketch.of(second + first).to_bytes()


def test_a_count_beyond_16_bits_survives_its_bytes():
    large = Sketch({5: 200_000}, least=5, most=5)
    again = Sketch()

    again.merge_bytes(large.to_bytes())

    assert again == large
    assert again.count == 200_000


def test_ten_values_take_at_most_48_bytes():
    assert len(sketch.of(range(100, 20_000, 1990)).to_bytes()) <= 48


@pytest.mark.parametrize("kept", [b"abc", b"12345678abc"])
def test_other_bytes_are_refused(kept):
    with pytest.raises(ValueError, match="bytes are no sketch"):
        Sketch().merge_bytes(kept)


@given(st.integers(0, 2**32 - 2))
def test_buckets_rise_without_a_gap(value):
    assert sketch.bucket_of(value + 1) - sketch.bucket_of(value) in (0, 1)
    assert sketch.bucket_of(sketch.middle_of(sketch.bucket_of(value))) == sketch.bucket_of(value)
