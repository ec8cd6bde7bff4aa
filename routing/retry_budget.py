"""Pure: how many further attempts a process makes for one model: less than a fifth of its calls (R-07).

When every provider fails, each call would otherwise become three, just when they can bear it least.
Models do not share: the trouble of one takes nothing from another.
Source: https://finagle.github.io/blog/2016/02/08/retry-budgets/
"""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.14  # of calls; with what is there at first it stays below a fifth
AT_FIRST = 5.0  # as many as a breaker takes failures
MOST = 10.0
PER_SECOND = 0.2  # a model that is seldom called can always be tried again


@dataclass(slots=True)
class RetryBudget:
    """What is left: each call and each second adds, each further attempt takes one."""

    left: float = AT_FIRST
    counted_at: float | None = None  # seconds on one clock; None: nothing was called yet

    def call(self, now: float) -> None:
        """Note a call."""
        waited = 0.0 if self.counted_at is None else now - self.counted_at
        self.left = min(MOST, self.left + SHARE + PER_SECOND * waited)
        self.counted_at = now

    def may_retry(self) -> bool:
        """Return whether a further attempt may be made, and take it."""
        if self.left < 1:
            return False
        self.left -= 1
        return True
