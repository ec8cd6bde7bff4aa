"""Money as whole numbers of nano-USD."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.lib import money


@given(st.integers(-(10**18), 10**18))
def test_text_can_be_read_back_exactly(nano):
    assert money.to_nano(Decimal(money.text(nano))) == nano


@pytest.mark.parametrize(
    ("usd", "nano"),
    [("0.0000000005", 0), ("0.0000000015", 2), ("0.0000000025", 2), ("0.00000000251", 3), ("1", 10**9)],
)
def test_halves_are_rounded_to_even(usd, nano):
    assert money.to_nano(Decimal(usd)) == nano


@pytest.mark.parametrize(
    ("nano", "text"), [(0, "0"), (1, "0.000000001"), (1_230_000, "0.00123"), (250 * 10**9, "250")]
)
def test_text_has_no_trailing_zeros(nano, text):
    assert money.text(nano) == text


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-1",
        "1e309",
        "Infinity",
        "",
        "one",
        "9223372036854775808",
        "1_000",
        "1_0",
        "\u0661",
        "\uff11",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1e2",
        "1.",
        ".5",
        "0x1",
        "1,5",
        "--1",
        "1.2.3",
    ],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="write a number"):
        money.parse(text)
