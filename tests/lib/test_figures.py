"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.lib import figures, money

S, M = figures.SPACE, figures.MINUS


@pytest.mark.parametrize(
    ("nano", "expected"),
    [
        (None, "—"),
        (0, "0.00"),
        (1, "0.000000001"),
        (1_230_000, "0.00123"),
        (1_234_567, "0.00123"),
        (500_000_000, "0.50"),
        (123_456_789, "0.123"),
        (999_600_000, "1.00"),
        (12_500_000_000, "12.50"),
        (1_234_567_890_000, f"1{S}234.57"),
        (10**18, f"1{S}000{S}000{S}000.00"),
        (-1_230_000, f"{M}0.00123"),
        (-1_234_000_000_000, f"{M}1{S}234.00"),
    ],
)
def test_an_amount_keeps_the_digits_that_matter(nano, expected):
    assert figures.usd(nano) == expected


@given(st.integers(1, 10**18))
def test_an_amount_that_is_there_never_reads_as_zero(nano):
    shown = Decimal(figures.usd(nano).replace(S, ""))

    assert shown > 0
    assert abs(shown - money.from_nano(nano)) <= max(Decimal("0.005"), money.from_nano(nano) / 200)


@given(st.integers(-(10**18), 10**18))
def test_an_exact_amount_can_be_read_back(nano):
    assert money.to_nano(Decimal(figures.usd_exact(nano).replace(S, "").replace(M, "-"))) == nano


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (None, "—"),
        (Decimal("0.15"), "0.15"),
        (Decimal("2.5"), "2.50"),
        (Decimal(60), "60.00"),
        (Decimal("0.0028"), "0.0028"),
        (Decimal("0.07500"), "0.075"),
        (Decimal("1E+1"), "10.00"),
    ],
)
def test_a_price_shows_every_digit(price, expected):
    assert figures.price(price) == expected


@pytest.mark.parametrize(
    ("number", "grouped", "compact"),
    [
        (None, "—", "—"),
        (0, "0", "0"),
        (987, "987", "987"),
        (12_345, f"12{S}345", "12.3k"),
        (128_000, f"128{S}000", "128k"),
        (999_600, f"999{S}600", "1M"),
        (1_048_576, f"1{S}048{S}576", "1.05M"),
        (-5_000, f"{M}5{S}000", f"{M}5k"),
    ],
)
def test_whole_numbers(number, grouped, compact):
    assert (figures.count(number), figures.compact(number)) == (grouped, compact)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (None, "—"),
        (0, "0 ms"),
        (350, "350 ms"),
        (999.6, "1 s"),
        (1_234, "1.23 s"),
        (59_990, "59.99 s"),
        (59_999, "1 min"),
        (125_000, "2 min 5 s"),
        (11_400_000, "3 h 10 min"),
        (187_200_000, "2 d 4 h"),
    ],
)
def test_time_spans(milliseconds, expected):
    assert figures.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, "—"),
        (0, 9, "0 %"),
        (1, 3, "33.3 %"),
        (1, 400, "0.25 %"),
        (1, 10**6, "< 0.01 %"),
        (4, 4, "100 %"),
    ],
)
def test_shares(part, whole, expected):
    assert figures.share(part, whole) == expected


@pytest.mark.parametrize(("speed", "expected"), [(None, "—"), (85.26, "85.3"), (1204.4, f"1{S}204")])
def test_speeds(speed, expected):
    assert figures.speed(speed) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "none"),
        ({}, "none"),
        (False, "no"),
        (["tools", "vision"], "tools, vision"),
        ([{"input": "0.15", "output": "0.60"}], "input 0.15, output 0.60"),
        (0, "0"),
    ],
)
def test_any_value_in_words(value, expected):
    assert figures.words(value) == expected
