"""Pure: what is known of an offer at this moment, from its own calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Live:
    """What an offer's calls of the last hours say about it; None is not known."""

    calls: float = 0.0  # each counts half as much after 30 minutes
    reliability: float | None = None  # the lower bound of the share that was answered, 0 to 1
    latency_ms: float | None = None  # median of whole calls
    ttft_ms: float | None = None  # median
    tokens_per_second: float | None = None  # median
    score: float | None = None  # 0 to 100; None: fewer than 20 calls
    is_degraded: bool = False
    wait_seconds: float = 0.0  # of its breaker; 0: it may be called


UNKNOWN = Live()
