"""Pure: a circuit breaker, one for each offer.

closed --(5 failures in a row as they end or as they began, or half of at least 20 within 10 s)--> open
open --(its time is over)--> half-open: one real call is let through, the probe
half-open --(the probe succeeds, or begins to answer)--> closed; half-open --(it fails)--> open, twice as long
What another process saw is taken over: it opens, or closes, without a call of one's own.
Source: https://martinfowler.com/bliki/CircuitBreaker.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

State = Literal["closed", "open", "half_open"]

IN_A_ROW = 5  # failures
WINDOW = 10.0  # seconds
NEAR = 50  # calls: what began further apart is no row
LEAST = 20  # calls in the window before their share counts
OPEN_SECONDS = 30.0  # the first time
LONGEST = 300.0  # seconds
PROBE_SECONDS = 10.0  # after which a probe that says nothing is joined by another
JITTER = 0.1  # share of the time by which it is longer or shorter: gateways do not probe together


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that was let through, to be handed back when it ends."""

    turn: int  # of the breaker then: what began before its last change says nothing about now
    is_probe: bool = False
    number: int = 0  # in the order in which calls begin


@dataclass(slots=True)
class Breaker:
    """What is remembered about one offer. Times are seconds on one clock, `chance` is from 0 to 1."""

    failures: int = 0  # in a row
    times_opened: int = 0  # since it last closed
    open_until: float | None = None  # None: closed
    turn: int = 0  # how often it opened or closed
    _probed_until: float | None = None  # a probe is under way that nobody else may join yet
    _recent: deque[tuple[float, bool]] = field(default_factory=deque)  # when, and whether it failed
    _begun: int = 0  # calls
    # Of calls that began around the last failure, by number: whether it failed. False: it told nothing.
    # A call that succeeds, or still runs, ends a row: it is not here.
    _said: dict[int, bool] = field(default_factory=dict)

    def state(self, now: float) -> State:
        """Return the state at `now`."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half_open"

    def wait(self, now: float) -> float:
        """Return the seconds until a call may be let through; 0 when one may be now.

        While a probe is under way it may end at any moment: a second is said then, at least.
        """
        if self.open_until is None:
            return 0.0
        probed = self._probed_until is not None and now < self._probed_until
        return max(self.open_until - now, 1.0 if probed else 0.0)

    def enter(self, now: float) -> Entry | None:
        """Return the entry of a call that may go out, None where none may; half-open, it is the probe."""
        if self.wait(now) > 0:
            return None
        if self.open_until is None:
            self._begun += 1
            return Entry(self.turn, number=self._begun)
        self._probed_until = now + PROBE_SECONDS
        return Entry(self.turn, is_probe=True)

    def leave(self, entry: Entry) -> None:
        """A call ended without telling anything about the offer."""
        if entry.turn != self.turn:
            return
        self._say(entry.number, failed=False)
        if entry.is_probe:
            self._probed_until = None

    def answers(self, entry: Entry) -> bool:
        """A call begins to be answered; return whether that closes the breaker: a probe need not end."""
        return entry.is_probe and entry.turn == self.turn and self.close()

    def succeeded(self, entry: Entry, now: float) -> bool:
        """Note a success; return whether it closes the breaker."""
        if entry.turn != self.turn:
            return False
        closes = self.answers(entry)
        self.failures = 0
        self._note(now, failed=False)
        return closes

    def failed(self, entry: Entry, now: float, chance: float) -> bool:
        """Note a failure; return whether it opens the breaker."""
        if entry.turn != self.turn:
            return False
        self._say(entry.number, failed=True)
        self.failures += 1
        self._note(now, failed=True)
        as_begun = self._failed_beside(entry.number)
        opens = entry.is_probe or self._is_ill() or as_begun >= IN_A_ROW
        if opens:
            self.failures = max(self.failures, as_begun)
            self._open(now, chance)
        return opens

    def close(self) -> bool:
        """Let calls through again: somebody knows that it is well. Return whether it was not closed."""
        if self.open_until is None:
            return False
        self._recent.clear()
        self._said.clear()
        self.open_until, self._probed_until, self.times_opened, self.failures = None, None, 0, 0
        self.turn += 1
        return True

    def open_until_then(self, until: float, times_opened: int) -> bool:
        """Let no call through until then, because somebody else saw it fail; return whether that is news.

        Its own time counts where that is the longer one.
        """
        if self.open_until is not None and self.open_until >= until:
            return False
        self.open_until, self._probed_until = until, None
        self.times_opened = max(self.times_opened, times_opened)
        self.turn += 1
        return True

    def window(self) -> tuple[int, int]:
        """Return how many calls ended in the window, as it was when the last one did, and how many failed."""
        return len(self._recent), sum(failed for _, failed in self._recent)

    def _is_ill(self) -> bool:
        calls, failed = self.window()
        return self.failures >= IN_A_ROW or (calls >= LEAST and 2 * failed >= calls)

    def _open(self, now: float, chance: float) -> None:
        seconds = min(OPEN_SECONDS * 2**self.times_opened, LONGEST)
        self.open_until = now + seconds * (1 + JITTER * (2 * chance - 1))
        self.times_opened, self._probed_until = self.times_opened + 1, None
        self.turn += 1

    def _failed_beside(self, number: int) -> int:
        """Return how many calls failed that began one right after the other, this one among them.

        Successes of calls that began before an outage go on coming in while it lasts: they end no such row.
        """

        def reach(step: int) -> int:
            found, at = 0, number + step
            while at in self._said:
                found, at = found + self._said[at], at + step
            return found

        return 1 + reach(-1) + reach(1)

    def _say(self, number: int, *, failed: bool) -> None:
        self._said[number] = failed
        if len(self._said) > 2 * NEAR + 1:
            self._said = {each: said for each, said in self._said.items() if abs(each - number) <= NEAR}

    def _note(self, now: float, *, failed: bool) -> None:
        self._recent.append((now, failed))
        while self._recent and self._recent[0][0] <= now - WINDOW:
            self._recent.popleft()
