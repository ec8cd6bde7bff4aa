"""Pure: how much a key may call in a minute: a bucket that fills evenly and holds a minute's worth.

Each gateway process has its own buckets. Times are monotonic seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from routing.snapshot import Caller

_MINUTE = 60.0  # seconds
_KEYS = 10_000  # at most remembered

What = Literal["requests", "tokens"]


@dataclass(slots=True)
class Bucket:
    """What is left of one limit of one key; below 0 after an answer larger than foreseen."""

    per_minute: int
    level: float
    at: float

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` may be taken; 0: now. More than all needs a full bucket."""
        self._fill(now)
        lacking = min(amount, self.per_minute) - self.level
        return max(0.0, lacking * _MINUTE / self.per_minute)

    def take(self, amount: float, now: float) -> None:
        """Take an amount out, or put back where it is negative."""
        self._fill(now)
        self.level = min(self.level - amount, float(self.per_minute))

    def _fill(self, now: float) -> None:
        gained = (now - self.at) * self.per_minute / _MINUTE
        self.level, self.at = min(self.level + gained, float(self.per_minute)), now


@dataclass
class Rates:
    """The buckets of all keys; those not asked for the longest are forgotten first."""

    _buckets: OrderedDict[tuple[int, What], Bucket] = field(default_factory=OrderedDict)

    def ask(self, caller: Caller, what: What, amount: float, *, now: float) -> float:
        """Take `amount` and return 0, or take nothing and return the seconds to wait."""
        bucket = self._bucket(caller, what, now)
        if bucket is None:
            return 0.0
        if wait := bucket.wait(amount, now):
            return wait
        bucket.take(amount, now)
        return 0.0

    def correct(self, caller: Caller, what: What, amount: float, *, now: float) -> None:
        """Take what a call used beyond what was taken for it, or put back what it did not use."""
        bucket = self._bucket(caller, what, now)
        if bucket is not None:
            bucket.take(amount, now)

    def _bucket(self, caller: Caller, what: What, now: float) -> Bucket | None:
        limit = caller.requests_per_minute if what == "requests" else caller.tokens_per_minute
        if limit is None:
            return None
        name = (caller.key_id, what)
        bucket = self._buckets.get(name)
        if bucket is None or bucket.per_minute != limit:
            bucket = self._buckets[name] = Bucket(limit, float(limit), now)
            if len(self._buckets) > _KEYS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        return bucket
