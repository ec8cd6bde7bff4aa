"""Pure: what a budget will have spent at the end of its period, with an interval.

The days of the period so far say what the rest will be like. A day is taken as workday or weekend,
each with a mean of its own where there are two or more of both; the spread of days around their mean
gives the interval: in four of five periods like this one the end lies inside (80 %, Student's t).
With fewer than `LEAST_DAYS` whole days, or nothing spent on them, nothing is foretold.
Source: https://otexts.com/fpp3/prediction-intervals.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

LEAST_DAYS = 3  # whole days of the period
# Student's t, 90th percentile, for 1, 2, … degrees of freedom; beyond the last, nearly that of a normal.
# Source: https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
_T = (
    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341,
    1.337, 1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316, 1.315, 1.314, 1.313, 1.311, 1.310,
)  # fmt: skip
_T_BEYOND = 1.29


@dataclass(frozen=True)
class Day:
    """A whole day of the period, in the budget's zone."""

    day: date
    amount: int  # in the budget's unit


@dataclass(frozen=True)
class Forecast:
    """What will have been spent when the period ends; amounts are in the budget's unit."""

    low: int
    expected: int
    high: int
    per_day: int  # mean of the whole days so far: the burn rate
    days: int  # whole days it is made of


def foretell(days: Sequence[Day], *, spent: int, left: Sequence[tuple[date, float]]) -> Forecast | None:
    """Return the forecast, or None where there is too little to say.

    `spent` is everything so far, today included; `left` are the days to come with the share of each that
    is left, today's rest first.
    """
    if len(days) < LEAST_DAYS or not any(day.amount for day in days):
        return None
    groups = _groups(days)
    means = {kind: sum(amounts) / len(amounts) for kind, amounts in groups.items()}
    to_come: dict[bool | None, float] = {}
    for day, share in left:
        kind = _kind(day) if _kind(day) in groups else None
        to_come[kind] = to_come.get(kind, 0.0) + share
    rest = sum(share * means[kind] for kind, share in to_come.items())
    margin = _margin(groups, means, to_come)
    return Forecast(
        low=spent + max(0, round(rest - margin)),
        expected=spent + round(rest),
        high=spent + round(rest + margin),
        per_day=round(sum(day.amount for day in days) / len(days)),
        days=len(days),
    )


def _kind(day: date) -> bool:
    """Return whether it is a weekend."""
    return day.weekday() >= 5


def _groups(days: Sequence[Day]) -> dict[bool | None, list[int]]:
    """Return amounts by kind of day, or all as one where a kind has too few."""
    found: dict[bool | None, list[int]] = {}
    for day in days:
        found.setdefault(_kind(day.day), []).append(day.amount)
    if len(found) == 2 and all(len(amounts) >= 2 for amounts in found.values()):
        return found
    return {None: [day.amount for day in days]}


def _margin(
    groups: dict[bool | None, list[int]], means: dict[bool | None, float], to_come: dict[bool | None, float]
) -> float:
    """Return how far the rest may lie from what is expected: of days to come, and of the means themselves."""
    residuals = [(amount - means[kind]) ** 2 for kind, amounts in groups.items() for amount in amounts]
    freedom = len(residuals) - len(groups)
    variance = sum(residuals) / freedom
    spread = sum(share + share**2 / len(groups[kind]) for kind, share in to_come.items())
    t = _T[freedom - 1] if freedom <= len(_T) else _T_BEYOND
    return t * math.sqrt(variance * spread)
