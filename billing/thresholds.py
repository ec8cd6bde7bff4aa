"""Pure: the percents of a cap at which people are told, and which of them an amount crosses.

They are kept as a text beside the budget: `50,80,100`, and nothing where nobody wants to be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

DEFAULT = (50, 80, 100)
MOST = 10  # thresholds of one budget
HIGHEST = 1000  # percent: a soft budget goes on after its cap
NONE = "none"
_MEANT = f"write up to {MOST} whole percents from 1 to {HIGHEST}, such as 50, 80, 100"


def kept(percents: Iterable[int]) -> str:
    """Return percents as a budget keeps them, lowest first. Raises `ValueError` on one that is none."""
    found = sorted(set(percents))
    if len(found) > MOST or any(not 1 <= percent <= HIGHEST for percent in found):
        raise ValueError(_MEANT)
    return ",".join(map(str, found))


def percents(text: str) -> tuple[int, ...]:
    """Return the percents that a budget keeps."""
    return tuple(map(int, text.split(","))) if text else ()


def typed(text: str) -> tuple[int, ...]:
    """Return what a person typed: `50, 80, 100`, or nothing or `none`. Raises `ValueError`."""
    words = text.replace("%", " ").replace(",", " ").split()
    if words in ([], [NONE]):
        return ()
    if not all(re.fullmatch(r"[0-9]{1,4}", word) for word in words):
        raise ValueError(_MEANT)
    return percents(kept(map(int, words)))


def shown(text: str) -> str:
    """Return kept percents as a person reads them: `50, 80, 100`."""
    return text.replace(",", ", ")


def level(cap: int, percent: int) -> int:
    """Return the amount at which a percent of a cap is crossed; of a cap of 0, with the first amount."""
    return max(1, -(-cap * percent // 100))


@lru_cache(maxsize=4096)
def levels(rule: str) -> tuple[tuple[int, int], ...]:
    """Return (percent, amount) of `<cap>:<percents>`, as the ledger reads it of a budget."""
    cap, _, of = rule.partition(":")
    return tuple((percent, level(int(cap), percent)) for percent in percents(of))


def crossed(before: int, after: int, rule: str) -> list[int]:
    """Return the percents that lie above `before` and not above `after`."""
    return [percent for percent, amount in levels(rule) if before < amount <= after]
