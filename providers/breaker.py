"""Pure: a circuit breaker, one for each offer.

closed --(5 failures in a row, or half of at least 20 within 10 s)--> open
open --(its time is over)--> half-open: one real call is let through, the probe
half-open --(the probe succeeds)--> closed; half-open --(it fails)--> open, twice as long
Source: https://martinfowler.com/bliki/CircuitBreaker.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

State = Literal["closed", "open", "half_open"]

IN_A_ROW = 5  # failures
WINDOW = 10.0  # seconds
LEAST = 20  # calls in the window before their share counts
OPEN_SECONDS = 30.0  # the first time
LONGEST = 300.0  # seconds
JITTER = 0.1  # share of the time by which it is longer or shorter: gateways do not probe together


@dataclass(slots=True)
class Breaker:
    """What is remembered about one offer. Times are seconds on one clock, `chance` is from 0 to 1."""

    failures: int = 0  # in a row
    times_opened: int = 0  # since it last closed
    open_until: float | None = None  # None: closed
    is_probed: bool = False  # half-open, and the probe is under way
    _recent: deque[tuple[float, bool]] = field(default_factory=deque)  # when, and whether it failed

    def state(self, now: float) -> State:
        """Return the state at `now`."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half_open"

    def wait(self, now: float) -> float:
        """Return the seconds until a call may be let through; 0 when one may be now.

        While a probe is under way, nobody knows: a second is the least to wait for it.
        """
        if self.open_until is None:
            return 0.0
        return max(self.open_until - now, 1.0 if self.is_probed else 0.0)

    def enter(self, now: float) -> bool:
        """Return whether a call may go out; half-open, it is the probe."""
        if self.wait(now) > 0:
            return False
        self.is_probed = self.open_until is not None
        return True

    def leave(self) -> None:
        """A call that was let through ended without telling anything about the offer."""
        self.is_probed = False

    def succeeded(self, now: float) -> bool:
        """Note a success; return whether it closes the breaker."""
        closes = self.is_probed
        if closes:
            self._recent.clear()
            self.open_until, self.times_opened, self.is_probed = None, 0, False
        self.failures = 0
        self._note(now, failed=False)
        return closes

    def failed(self, now: float, chance: float) -> bool:
        """Note a failure; return whether it opens the breaker."""
        self.failures += 1
        self._note(now, failed=True)
        if self.is_probed or (self.open_until is None and self._is_ill()):
            self._open(now, chance)
            return True
        return False

    def _is_ill(self) -> bool:
        failed = sum(failed for _, failed in self._recent)
        return self.failures >= IN_A_ROW or (len(self._recent) >= LEAST and 2 * failed >= len(self._recent))

    def _open(self, now: float, chance: float) -> None:
        seconds = min(OPEN_SECONDS * 2**self.times_opened, LONGEST)
        self.open_until = now + seconds * (1 + JITTER * (2 * chance - 1))
        self.times_opened, self.is_probed = self.times_opened + 1, False

    def _note(self, now: float, *, failed: bool) -> None:
        self._recent.append((now, failed))
        while self._recent and self._recent[0][0] <= now - WINDOW:
            self._recent.popleft()
