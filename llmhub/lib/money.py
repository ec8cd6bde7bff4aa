"""Pure: money as whole numbers of nano-USD, and as the decimal text that people read.

A cost is computed as a `Decimal` in USD, rounded half-even once, and kept as nano-USD
(1 USD = 1,000,000,000) so that sums are integer sums and agree on every database.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

NANO = 1_000_000_000  # nano-USD in one USD
MAX_CAP_NANO = 10**18  # one billion USD: far from the edge of a 64-bit number
MAX_CALL_NANO = 10**15  # one million USD in one call
PATTERN = (
    r"^[0-9]+(\.[0-9]+)?$"  # of an amount as people and programs write it: what else Decimal reads is a slip
)
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)  # the default of 28 digits would round twice


def to_nano(usd: Decimal) -> int:
    """Return `usd` as nano-USD, rounded half-even, once."""
    return int(_EXACT.to_integral_value(_EXACT.multiply(usd, NANO)))


def from_nano(nano: int) -> Decimal:
    """Return nano-USD as exact USD."""
    return Decimal(nano).scaleb(-9)


def text(nano: int) -> str:
    """Return nano-USD as a plain decimal string of USD without trailing zeros: `0.00123`."""
    usd = format(from_nano(nano), "f")
    whole, _, fraction = usd.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def parse(value: str, *, maximum: Decimal = Decimal(10) ** 9) -> Decimal:
    """Return a non-negative amount of USD that a person or a file wrote.

    Raises `ValueError` on anything that is no plain number between 0 and `maximum`.
    """
    if value.endswith("\n") or not re.search(PATTERN, value):
        raise ValueError(f"{value[:60]!r} is no amount: write a number of digits, such as 0.15")
    amount = Decimal(value)
    if amount > maximum:
        raise ValueError(f"{value[:60]!r} is out of range: write a number from 0 to {maximum}")
    return amount
