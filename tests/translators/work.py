"""What tests of work and memory share: how both grow with what is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def growth(work: Callable[[Any], object], of: Callable[[int], Any], *, small: int) -> float:
    """How many times as long four times as much takes: 4 where it is linear, 16 where it is quadratic."""
    return _seconds(work, of(4 * small)) / _seconds(work, of(small))


def _seconds(work: Callable[[Any], object], told: Any) -> float:
    """The least of three, of this process alone: others have the processors meanwhile."""
    took = []
    for _ in range(3):
        began = time.process_time()
        work(told)
        took.append(time.process_time() - began)
    return min(took)
