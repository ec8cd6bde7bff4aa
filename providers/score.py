"""Pure: how well an offer or a provider does, from 0 to 100, as a sum of three terms.

reliability  60 w²                     w: the lower end of Wilson's 95 % interval for a call that succeeds
latency      25 fastest / own          medians of whole calls, of all that serve the same model
throughput   15 own / fastest          medians of tokens per second, of the same

Calls count by their age: half after 30 minutes. Below 20 of them there is no score.
Source: docs/scoring.md, with the reasons; E. B. Wilson, Probable inference, the law of succession, and
statistical inference, JASA 22 (1927) 209-212, https://doi.org/10.1080/01621459.1927.10502953
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

LEAST_CALLS = 20  # below it there is no score, and nobody is compared with it
RELIABILITY, LATENCY, THROUGHPUT = 60, 25, 15  # the most of each term
Z = 1.959964  # of 95 %, two-sided


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an offer's calls came to, each weighed by its age."""

    well: float = 0.0  # calls that were answered
    ill: float = 0.0  # calls that its illness broke
    latency_ms: float | None = None  # median
    tokens_per_second: float | None = None  # median

    @property
    def calls(self) -> float:
        """The calls that say something about it."""
        return self.well + self.ill


@dataclass(frozen=True, slots=True)
class Score:
    """The terms of a score, in points to one decimal: their sum is the score, exactly."""

    reliability: Decimal
    latency: Decimal
    throughput: Decimal

    @property
    def value(self) -> Decimal:
        """The score, 0 to 100."""
        return self.reliability + self.latency + self.throughput


@dataclass(frozen=True, slots=True)
class Part:
    """One offer of a provider, with the others that serve the same model."""

    own: Evidence
    peers: Sequence[Evidence] = ()


def wilson_lower(well: float, calls: float, z: float = Z) -> float:
    """Return the lower end of Wilson's interval for the share of calls that succeed; 0 without any."""
    if calls <= 0:
        return 0.0
    share, square = min(well / calls, 1.0), z * z
    centre = share + square / (2 * calls)
    spread = z * math.sqrt(share * (1 - share) / calls + square / (4 * calls * calls))
    return max(0.0, (centre - spread) / (1 + square / calls))


def wilson_upper(well: float, calls: float, z: float = Z) -> float:
    """Return the upper end of the same interval; 1 without any call."""
    return 1.0 - wilson_lower(calls - well, calls, z)


def score(own: Evidence, peers: Sequence[Evidence] = ()) -> Score | None:
    """Return the score of an offer, None where it has too few calls.

    `peers` serve the same model elsewhere. Where nothing can be compared, its speed costs it nothing.
    """
    return provider_score([Part(own, peers)])


def provider_score(parts: Sequence[Part]) -> Score | None:
    """Return the score of a provider: all its calls together, its speed by its calls of each model."""
    calls = sum(part.own.calls for part in parts)
    if calls < LEAST_CALLS:
        return None
    sure = wilson_lower(sum(part.own.well for part in parts), calls)
    latency = sum(part.own.calls * quickness(part) for part in parts) / calls
    throughput = sum(part.own.calls * swiftness(part) for part in parts) / calls
    return Score(
        reliability=_points(RELIABILITY * sure * sure),
        latency=_points(LATENCY * latency),
        throughput=_points(THROUGHPUT * throughput),
    )


def quickness(part: Part) -> float:
    """Return the median latency of the fastest over its own, 1 where it is the fastest."""
    own = part.own.latency_ms
    others = [peer.latency_ms for peer in _known(part.peers) if peer.latency_ms is not None]
    if own is None or not others:
        return 1.0
    return min(1.0, max(min(others), 1.0) / max(own, 1.0))


def swiftness(part: Part) -> float:
    """Return its own tokens per second over those of the fastest, 1 where it is the fastest."""
    own = part.own.tokens_per_second
    others = [peer.tokens_per_second for peer in _known(part.peers) if peer.tokens_per_second is not None]
    if own is None or not others or max(others) <= 0:
        return 1.0
    return min(1.0, own / max(others))


def _known(peers: Sequence[Evidence]) -> list[Evidence]:
    """Return those with calls enough to be compared with."""
    return [peer for peer in peers if peer.calls >= LEAST_CALLS]


def _points(value: float) -> Decimal:
    return Decimal(round(value * 10)) / 10
