"""A model of the breaker that keeps all of its history and derives from it: any sequence has to agree.

Its numbers are those of R-19, written here a second time: the breaker's own are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from providers.breaker import Breaker

# What a step is made of: seconds that pass, what happens, to which of the calls that run, the dice.
PAUSES = (0.0, 0.0, 0.1, 0.4, 3.0, 11.0, 29.0, 40.0, 400.0)
EVENTS = ("begin", "begin", "begin", "ok", "failed", "failed", "answers", "left", "told", "well")
STEPS = (PAUSES, EVENTS, tuple(range(10)), (0.0, 0.25, 0.5, 1.0))
Step = tuple[float, str, int, float]


@dataclass
class Model:
    """What the breaker should do, told as history since it last changed."""

    history: list[tuple[float, bool]] = field(
        default_factory=list
    )  # when a call ended, and whether it failed
    begun: list[str] = field(default_factory=list)  # how each call stands that began since, in that order
    until: float | None = None
    opened: int = 0
    changes: int = 0
    probed_at: float | None = None

    def state(self, now: float) -> str:
        if self.until is None:
            return "closed"
        return "open" if now < self.until else "half_open"

    def begin(self, now: float) -> tuple[int, bool, int] | None:
        busy = self.probed_at is not None and now < self.probed_at + 10
        if self.state(now) == "closed":
            self.begun.append("runs")
            return (self.changes, False, len(self.begun) - 1)
        if self.state(now) == "open" or busy:
            return None
        self.probed_at = now
        self.begun.append("runs")
        return (self.changes, True, len(self.begun) - 1)

    def end(self, call: tuple[int, bool, int], now: float, outcome: str, chance: float) -> None:
        change, probes, place = call
        if change != self.changes:
            return
        if outcome != "answers":
            self.begun[place] = outcome
        if outcome == "left":
            self.probed_at = None if probes else self.probed_at
            return
        if outcome == "answers":
            if probes:
                self.close()
            return
        if outcome == "ok" and probes:
            self.close()
        self.history.append((now, outcome == "failed"))
        if outcome == "failed" and (probes or self.is_ill(now) or self.is_in_a_row(place)):
            self.until = now + min(30 * 2**self.opened, 300) * (0.9 + 0.2 * chance)
            self.opened, self.changes, self.probed_at = self.opened + 1, self.changes + 1, None
            self.begun = []

    def is_ill(self, now: float) -> bool:
        row = [failed for _, failed in self.history][-5:]
        window = [failed for at, failed in self.history if at > now - 10]
        return row == [True] * 5 or (len(window) >= 20 and window.count(True) * 2 >= len(window))

    def is_in_a_row(self, place: int) -> bool:
        """Whether a call is one of five that failed and began one after the other."""
        told = [number for number, said in enumerate(self.begun) if said != "left"]
        rows = (told[at : at + 5] for at in range(len(told) - 4))
        return any(place in row and all(self.begun[each] == "failed" for each in row) for row in rows)

    def close(self) -> None:
        if self.until is not None:
            self.history, self.until, self.opened, self.probed_at, self.begun = [], None, 0, None, []
            self.changes += 1

    def told(self, until: float) -> None:
        if self.until is None or until > self.until:
            self.until, self.probed_at = until, None
            self.opened, self.changes, self.begun = max(self.opened, 1), self.changes + 1, []


def differences(steps: Iterable[Step]) -> list[str]:
    """Take the same steps with both and return where they first differ: [] is agreement."""
    breaker, model, now, running = Breaker(), Model(), 1000.0, []
    for number, (pause, event, which, chance) in enumerate(steps):
        now += pause
        if event == "told":
            breaker.open_until_then(now + 25, 1)
            model.told(now + 25)
        elif event == "well":
            breaker.close()
            model.close()
        elif event == "begin" or not running:
            entry, call = breaker.enter(now), model.begin(now)
            if (entry is None) != (call is None) or (entry and entry.is_probe != call[1]):
                return [f"step {number}: the breaker lets {entry}, the model {call}"]
            running += [(entry, call)] if entry else []
        else:
            entry, call = running[which % len(running)]
            if event != "answers":  # a call that begins to answer goes on
                running.remove((entry, call))
            _end(breaker, entry, now, event, chance)
            model.end(call, now, event, chance)
        if found := _apart(breaker, model, now):
            return [f"step {number} ({event}): {found}"]
    return []


def _end(breaker: Breaker, entry, now: float, event: str, chance: float) -> None:
    if event == "ok":
        breaker.succeeded(entry, now)
    elif event == "failed":
        breaker.failed(entry, now, chance)
    elif event == "answers":
        breaker.answers(entry)
    else:
        breaker.leave(entry)


def _apart(breaker: Breaker, model: Model, now: float) -> str:
    if breaker.state(now) != model.state(now):
        return f"{breaker.state(now)}, not {model.state(now)}"
    if model.until is not None and abs(breaker.open_until - model.until) > 1e-6:
        return f"open until {breaker.open_until}, not {model.until}"
    return ""
