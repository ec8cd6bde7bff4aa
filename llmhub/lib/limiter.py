"""Pure: how many failures of one subject are too many in a window of time."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field


@dataclass
class Limiter:
    """Counts failures per subject. Times are Unix seconds; the oldest subjects are forgotten first."""

    limit: int
    window: float  # seconds
    subjects: int = 10_000  # at most remembered
    _failures: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def wait(self, subject: str, now: float) -> float:
        """Return the seconds until the subject may try again; 0: now."""
        times = self._recent(subject, now)
        return times[0] + self.window - now if len(times) >= self.limit else 0

    def fail(self, subject: str, now: float) -> None:
        """Remember one failure."""
        times = self._recent(subject, now)
        times.append(now)
        while len(times) > self.limit:
            times.popleft()
        self._failures[subject] = times
        self._failures.move_to_end(subject)
        while len(self._failures) > self.subjects:
            self._failures.popitem(last=False)

    def take_back(self, subject: str) -> None:
        """Forget the last failure of one subject: it was none."""
        if times := self._failures.get(subject):
            times.pop()

    def forget(self, subject: str) -> None:
        """Forget the failures of one subject."""
        self._failures.pop(subject, None)

    def _recent(self, subject: str, now: float) -> deque[float]:
        times = self._failures.get(subject, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        return times
