"""Pure: sums in which a call counts by its age: half after 30 minutes, a quarter after an hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from llmhub.lib.sketch import middle_of
from providers.score import Evidence
from providers.tally import PER_SECOND, SKETCHES, Tally

HALF_LIFE = 30  # minutes
_LEAST = 1e-3  # calls: what weighs less is forgotten


@dataclass(slots=True)
class Decayed:
    """Weights at one minute of what was counted before and in it."""

    minute: int  # since 1970
    well: float = 0.0
    ill: float = 0.0
    latency: dict[int, float] = field(default_factory=dict)  # weight by bucket of the sketch
    ttft: dict[int, float] = field(default_factory=dict)
    speed: dict[int, float] = field(default_factory=dict)

    def add(self, tally: Tally, minute: int) -> None:
        """Add what was counted in a minute, by its age."""
        weight = weight_of(self.minute - minute)
        self.well += weight * tally.well
        self.ill += weight * tally.ill
        for name in SKETCHES:
            weights = getattr(self, name)
            for bucket, count in getattr(tally, name).counts.items():
                weights[bucket] = weights.get(bucket, 0.0) + weight * count

    def join(self, other: Decayed) -> None:
        """Add what another one weighs at the same minute."""
        self.well += other.well
        self.ill += other.ill
        for name in SKETCHES:
            weights = getattr(self, name)
            for bucket, weight in getattr(other, name).items():
                weights[bucket] = weights.get(bucket, 0.0) + weight

    def at(self, minute: int) -> Decayed:
        """Return the same, as it weighs at another minute; what weighs next to nothing is left out."""
        weight = weight_of(minute - self.minute)
        sums = {name: _aged(getattr(self, name), weight) for name in SKETCHES}
        return Decayed(minute, self.well * weight, self.ill * weight, **sums)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that weighs anything."""
        return self.well + self.ill < _LEAST

    @property
    def evidence(self) -> Evidence:
        """What the score is made of."""
        speed = median(self.speed)
        return Evidence(
            well=self.well,
            ill=self.ill,
            latency_ms=median(self.latency),
            tokens_per_second=None if speed is None else speed / PER_SECOND,
        )


def decayed(rows: Iterable[tuple[int, Tally]], *, minute: int) -> Decayed:
    """Return what tallies of minutes weigh together at `minute`."""
    whole = Decayed(minute)
    for counted_at, tally in rows:
        whole.add(tally, counted_at)
    return whole


def weight_of(minutes: int) -> float:
    """Return what a call of this age counts; one of a clock that is ahead counts as one of now."""
    return float(2.0 ** (-max(minutes, 0) / HALF_LIFE))


def median(weights: dict[int, float]) -> float | None:
    """Return the value that half of the weight does not exceed, None of nothing."""
    return quantile(weights, 0.5)


def quantile(weights: dict[int, float], share: float, *, least: float = 0.0) -> float | None:
    """Return the value that this share of the weight does not exceed, None of less than `least`."""
    whole, passed = sum(weights.values()), 0.0
    if whole < least:
        return None
    for bucket in sorted(weights):
        passed += weights[bucket]
        if passed >= whole * share:
            return float(middle_of(bucket))
    return None


def _aged(weights: dict[int, float], weight: float) -> dict[int, float]:
    return {bucket: aged for bucket, held in weights.items() if (aged := held * weight) >= _LEAST}
