"""Pure: which share of a provider's calls each of its credentials gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

MAX_WEIGHT = 1_000
T = TypeVar("T")


def turns(weights: Mapping[T, int]) -> dict[T, int]:
    """Return how many turns each gets in a round; one of weight 0 gets none unless all have it."""
    weighed = {name: weight for name, weight in weights.items() if weight}
    return weighed or dict.fromkeys(weights, 1)
