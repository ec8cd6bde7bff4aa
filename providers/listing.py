"""Pure: one model as a provider's own list describes it, in the catalog's words and units.

What a list does not say is None or empty, which is never the same as "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from providers.rates import Rates

MAX_COLUMN = 2**31 - 1  # the largest count that every database keeps


def column(tokens: int | None) -> int | None:
    """Return a count of tokens that every database can keep; a larger one is no count."""
    return tokens if tokens is not None and tokens <= MAX_COLUMN else None


@dataclass(frozen=True)
class Listing:
    """One model in a provider's list."""

    upstream_id: str
    name: str = ""
    context_tokens: int | None = None
    output_limit_tokens: int | None = None
    description: str = ""
    input_modalities: tuple[str, ...] = ()  # () where it is not said
    output_modalities: tuple[str, ...] = ()
    capabilities: tuple[str, ...] | None = None  # None: not said
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name → descriptor
    released_on: date | None = None
    knowledge_on: date | None = None
    deprecated_on: date | None = None
    sunset_on: date | None = None
    stands_for: str = ""  # the upstream id behind a name that moves
    tiers: tuple[Rates, ...] = ()  # the base price first; () where it is unknown
    meters: Mapping[str, Decimal] = field(default_factory=dict)  # USD per unit of what tokens do not cover
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)  # as it was sent
