"""Pure: what attempts at one offer came to, over a minute or longer: sums that can be added together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from llmhub.lib.sketch import Sketch

# How an attempt ended. The first four say something about the offer; the others are no illness: a limit,
# our own credential or a wrong model, the request itself, a caller that left, an answer that came too late
# to be used in place of one that was there.
Ending = Literal[
    "ok", "error", "timeout", "broken_off", "rate_limited", "refused", "rejected", "caller_left", "cut_short"
]
ILL: tuple[Ending, ...] = ("error", "timeout", "broken_off")
ENDINGS: tuple[Ending, ...] = ("ok", *ILL, "rate_limited", "refused", "rejected", "caller_left", "cut_short")
QUALITY = ("tool_calls", "bad_tool_calls", "schemas", "bad_schemas")
COUNTS: tuple[str, ...] = (*ENDINGS, *QUALITY)
SKETCHES = ("latency", "ttft", "speed")
PER_SECOND = 10  # speed is kept in tenths of a token per second


class Outcome(msgspec.Struct, frozen=True):
    """How one attempt ended."""

    ending: Ending
    latency_ms: int = 0
    ttft_ms: int | None = None  # None: not streamed, or nothing came
    tokens_per_second: float | None = None  # None: nothing was generated, or nobody counted it
    tool_calls: int = 0
    bad_tool_calls: int = 0  # whose arguments are no JSON
    schemas: int = 0  # 1: JSON was asked for, and the answer came to its end
    bad_schemas: int = 0  # 1: and it is none


@dataclass(slots=True)
class Tally:
    """Counts by ending and of malformed answers, and sketches of the times of answered calls."""

    counts: dict[str, int] = field(default_factory=dict)
    latency: Sketch = field(default_factory=Sketch)  # ms of whole calls that were answered
    ttft: Sketch = field(default_factory=Sketch)  # ms
    speed: Sketch = field(default_factory=Sketch)  # tenths of a token per second

    def add(self, outcome: Outcome) -> None:
        """Count one attempt."""
        self._count(outcome.ending, 1)
        if outcome.ending != "ok":
            return
        self.latency.add(outcome.latency_ms)
        if outcome.ttft_ms is not None:
            self.ttft.add(outcome.ttft_ms)
        if outcome.tokens_per_second is not None:
            self.speed.add(round(outcome.tokens_per_second * PER_SECOND))
        for name in QUALITY:
            if number := getattr(outcome, name):
                self._count(name, number)

    def merge(self, other: Tally) -> None:
        """Add what another one counted."""
        for name, number in other.counts.items():
            self._count(name, number)
        self.latency.merge(other.latency)
        self.ttft.merge(other.ttft)
        self.speed.merge(other.speed)

    def of(self, name: str) -> int:
        """Return a count, 0 where nothing was counted."""
        return self.counts.get(name, 0)

    @property
    def well(self) -> int:
        """Attempts that were answered."""
        return self.of("ok")

    @property
    def ill(self) -> int:
        """Attempts that the offer's illness broke."""
        return sum(self.of(name) for name in ILL)

    @property
    def calls(self) -> int:
        """Attempts that say something about the offer."""
        return self.well + self.ill

    @property
    def attempts(self) -> int:
        """All attempts."""
        return sum(self.of(name) for name in ENDINGS)

    def _count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number


def merged(tallies: list[Tally]) -> Tally:
    """Return what some tallies counted together."""
    whole = Tally()
    for each in tallies:
        whole.merge(each)
    return whole
