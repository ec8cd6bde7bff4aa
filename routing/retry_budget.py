"""Pure: how many further attempts a process makes for one model: a share of its calls (R-07).

When every provider fails, each call would otherwise become three, just when they can bear it least.
Models do not share: the trouble of one takes nothing from another.
"""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.2  # of calls
SAVED = 10.0  # further attempts that may be made at once after a quiet time


@dataclass(slots=True)
class RetryBudget:
    """What is left: each call adds its share, each further attempt takes one."""

    left: float = SAVED

    def call(self) -> None:
        """Note a call."""
        self.left = min(SAVED, self.left + SHARE)

    def may_retry(self) -> bool:
        """Return whether a further attempt may be made, and take it."""
        if self.left < 1:
            return False
        self.left -= 1
        return True
