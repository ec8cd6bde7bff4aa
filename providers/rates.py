"""Pure: the numbers of one price, before it belongs to an offer and a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise


@dataclass(frozen=True)
class Rates:
    """USD per million tokens, for whole calls whose input is greater than `above_input_tokens`."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None  # None: cached tokens cost as much as input
    cache_write: Decimal | None = None  # 5-minute lifetime; None: as much as input
    cache_write_1h: Decimal | None = None  # None: as much as cache_write
    per_request: Decimal | None = None  # USD
    web_search: Decimal | None = None  # USD per search; None: not known, which is not free
    above_input_tokens: int = 0


AMOUNTS = ("input", "output", "cache_read", "cache_write", "cache_write_1h", "per_request", "web_search")
FEES = ("per_request", "web_search")  # in USD each, not per million tokens


def stated(rates: Rates) -> frozenset[str]:
    """Return which amounts are given."""
    return frozenset(name for name in AMOUNTS if getattr(rates, name) is not None)


def faults(tiers: Sequence[Rates]) -> list[str]:
    """Return what is wrong with the tiers of one price; they are told from the lowest up.

    Each tier is whole: an amount that it left out would silently fall back to its input price.
    """
    found = []
    starts = [tier.above_input_tokens for tier in tiers]
    if not starts or starts[0] != 0:
        found.append("the first tier must be the base price, with above_input_tokens 0")
    if any(later <= earlier for earlier, later in pairwise(starts)):
        found.append("tiers must rise: each above_input_tokens greater than the one before")
    for tier in tiers[1:]:
        if missing := stated(tiers[0]) ^ stated(tier):
            names = ", ".join(sorted(missing))
            found.append(f"the tier above {tier.above_input_tokens} must state the same amounts: {names}")
    return found
