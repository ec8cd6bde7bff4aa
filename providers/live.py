"""Pure: what is known of one offer now, from its own calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Live:
    """What is known of one offer now, from its own calls."""

    calls: float = 0.0  # decayed, half-life 30 minutes
    reliability: float | None = None  # Wilson lower bound, 0 to 1; None: no evidence
    latency_ms: float | None = None  # median of whole calls
    ttft_ms: float | None = None  # median
    tokens_per_second: float | None = None  # median
    score: float | None = None  # 0 to 100; None below 20 calls
    is_degraded: bool = False
    wait_seconds: float = 0.0  # of its breaker; 0: may be called
    slowest_ms: float | None = None  # 99 of 100 whole calls take no longer; None of fewer than 20
