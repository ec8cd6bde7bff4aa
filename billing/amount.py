"""Pure: what a person or program writes for a cap, and how one is shown, in the budget's unit.

A cap in USD is a decimal number of dollars, kept as nano-USD; other caps are whole numbers.
"""

from __future__ import annotations

import re

from billing.entries import Unit
from llmhub.lib import money

MAX_CAP = money.MAX_CAP_NANO  # of any unit: one billion USD, or as many tokens


def parse_cap(text: str, unit: Unit) -> int:
    """Return a cap in its unit. Raises `ValueError` on anything that is no amount in range."""
    return parse_usd(text) if unit == "usd" else _parse_count(text, unit)


def parse_usd(text: str, *, maximum_nano: int = MAX_CAP) -> int:
    """Return dollars as nano-USD. Raises `ValueError` rather than round."""
    usd = money.parse(text, maximum=money.from_nano(maximum_nano))
    nano = money.to_nano(usd)
    if money.from_nano(nano) != usd:
        raise ValueError(f"{text[:60]!r} has more than nine decimals: write a number such as 0.15")
    return nano


def _parse_count(text: str, unit: Unit) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > MAX_CAP:
        raise ValueError(f"{text[:60]!r} is no number of {unit}: write a whole number from 0 to 10^18")
    return int(text)


def show(amount: int, unit: Unit) -> str:
    """Return an amount as programs read it: `1.8` for USD, `1800` for the others."""
    return money.text(amount) if unit == "usd" else str(amount)


def read(amount: int, unit: Unit) -> str:
    """Return an amount in a sentence: `1.80 USD`, `1800 tokens`."""
    if unit != "usd":
        return f"{amount} {unit if amount != 1 else unit[:-1]}"
    whole, _, fraction = money.text(amount).partition(".")
    return f"{whole}.{fraction:0<2} USD"
