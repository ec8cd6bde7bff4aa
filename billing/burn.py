"""Pure: whether a budget is spent much faster than its cap allows.

The pace of a window is what was spent in it, per hour; what a cap allows is the cap spread evenly over
its period. Two pairs of windows are looked at: the last hour with its newest minutes, and the last six
hours with the newest half hour. Both of a pair have to be as fast, so that an old burst is told of no
more and a single call is no burst.
Source: https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
# A window, its newest part, and at which percent of the cap in the window it fires, by period: of a
# month as in the source (14.4 and 6 times what the cap allows); shorter periods swing more.
PAIRS: tuple[tuple[timedelta, timedelta, Mapping[str, float]], ...] = (
    (HOUR, timedelta(minutes=5), {"day": 25, "week": 7, "month": 2, "year": 0.5}),
    (6 * HOUR, timedelta(minutes=30), {"day": 75, "week": 25, "month": 5, "year": 2}),
)
WINDOWS = tuple(window for long, short, _ in PAIRS for window in (long, short))
PERIODS = tuple(PAIRS[0][2])  # an hour is over too soon, a total has no pace
LEAST_CALLS = 10  # of the longer window
_URGENT = 6.0  # hours


@dataclass(frozen=True)
class Spent:
    """What a window had."""

    since: datetime
    until: datetime
    amount: int  # in the budget's unit
    calls: int

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.until - self.since) / HOUR

    @property
    def pace(self) -> float:
        """What was spent in it, per hour."""
        return self.amount / self.hours


@dataclass(frozen=True)
class Burn:
    """How fast a budget is spent, by the pair of windows that says so."""

    since: datetime  # the beginning of the longer window
    amount: int  # spent in it
    calls: int
    pace: int  # per hour
    times: float  # what the cap allows
    lasts: float  # hours that the rest of the cap lasts at this pace

    @property
    def is_urgent(self) -> bool:
        """Whether the rest is gone before somebody could look tomorrow."""
        return self.lasts <= _URGENT


def burning(
    windows: Sequence[Spent], *, per: str, cap: int, left: int, begin: datetime, end: datetime
) -> Burn | None:
    """Return how fast a budget is spent where that is too fast, None where it is not.

    `windows` are those of `WINDOWS`, in their order; `left` is what is left of the cap, `begin` and `end`
    are those of the period. What lasts until the period's end at this pace is fast enough for nobody.
    """
    if per not in PERIODS or cap <= 0:
        return None
    for number, (long, _, percents) in enumerate(PAIRS):
        whole, newest = windows[2 * number : 2 * number + 2]
        limit = cap * percents[per] / 100 / (long / HOUR)  # per hour
        rest = (end - whole.until) / HOUR
        if min(whole.pace, newest.pace) < limit or whole.calls < LEAST_CALLS:
            continue
        lasts = max(left, 0) / whole.pace
        if lasts < rest:
            allowed = cap / ((end - begin) / HOUR)
            return Burn(
                whole.since, whole.amount, whole.calls, round(whole.pace), whole.pace / allowed, lasts
            )
    return None
