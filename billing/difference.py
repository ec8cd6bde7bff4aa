"""Pure: a sum that is not what the ledger says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROLL_UP = "roll-up"
SPENT = "spent"  # of a budget's counter
HELD = "held"


@dataclass(frozen=True)
class Difference:
    """What was expected of a sum, and what was found."""

    kind: str
    subject: str  # what it is a sum of
    period_start: int  # of its bucket or period, Unix seconds
    expected: Mapping[str, int]
    found: Mapping[str, int]

    def __str__(self) -> str:
        differing = [
            name
            for name in {**self.expected, **self.found}
            if self.expected.get(name) != self.found.get(name)
        ]
        told = (f"{name} {self.found.get(name)} instead of {self.expected.get(name)}" for name in differing)
        return f"{self.kind} of {self.subject or 'calls'} at {self.period_start}: {'; '.join(told)}"
