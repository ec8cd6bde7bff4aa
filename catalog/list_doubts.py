"""Pure: why a new list of models is not believed before a person says so.

A half-empty list or a price in the wrong unit would withdraw models and charge wrong costs. The
limits stand well above what two weeks of daily real lists show: at most 1.7 % of the models gone
and 4 % priced anew from one day to the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.listing_diff import Change, Kind, Listings
from providers.listing import Listing

MOST_GONE = 0.10  # share of the models
MOST_REPRICED = 0.25  # share of the models
TENFOLD = 10
FEW = 5  # so many changes are believed in a list of any size


def doubts(before: Listings, after: Listings, found: Sequence[Change]) -> list[str]:
    """Return what speaks against taking `after` in place of `before`, in sentences; [] is none."""
    gone = sum(change.kind == Kind.VANISHED for change in found)
    priced = [change for change in found if change.kind in {Kind.PRICE_UP, Kind.PRICE_DOWN, Kind.PRICE_LOST}]
    said = []
    if before and not after:
        return ["the list is empty"]
    if gone > max(FEW, MOST_GONE * len(before)):
        said.append(f"{gone} of {len(before)} models are gone")
    if len(priced) > max(FEW, MOST_REPRICED * len(before)):
        said.append(f"{len(priced)} of {len(before)} models have another price")
    jumps = [
        change.upstream_id
        for change in priced
        if price_factor(before[change.upstream_id], after[change.upstream_id]) >= TENFOLD
    ]
    if jumps:
        named = ", ".join(jumps[:3]) + (f" and {len(jumps) - 3} more" if len(jumps) > 3 else "")
        said.append(f"a price moved tenfold or more, or from or to 0: {named}")
    return said


def price_factor(old: Listing, new: Listing) -> float:
    """Return by how much the base price moved at most, up or down; infinite from or to 0."""
    if not old.tiers or not new.tiers:
        return 1.0
    factors = [1.0]
    for amount in ("input", "output"):
        was, now = getattr(old.tiers[0], amount), getattr(new.tiers[0], amount)
        if was != now:
            factors.append(float(max(was, now) / min(was, now)) if was and now else float("inf"))
    return max(factors)
