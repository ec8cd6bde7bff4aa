"""Pure: the most a call can cost, which is what is held for it until it is settled (R-02)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.pricing import MTOK, PriceValue
from llmhub.lib import money

DEFAULT_OUTPUT_LIMIT = 4096  # tokens, where the caller sets none
_PER_MESSAGE = 50  # tokens: roles and separators
_FOR_TOOLS = 700  # tokens: the instructions a provider adds once


@dataclass(frozen=True, slots=True)
class Size:
    """How large a request is, as far as it bounds tokens."""

    body_bytes: int
    messages: int
    tools: bool = False
    output_limit: int | None = None  # tokens of one answer, as the caller limits it
    answers: int = 1  # the caller's n

    @property
    def input_tokens(self) -> int:
        """No text has more tokens than bytes."""
        return self.body_bytes + _PER_MESSAGE * self.messages + (_FOR_TOOLS if self.tools else 0)

    @property
    def output_tokens(self) -> int:
        """What all answers together may have."""
        limit = DEFAULT_OUTPUT_LIMIT if self.output_limit is None else self.output_limit
        return limit * self.answers


def worst_case_nano(size: Size, offers: Iterable[Sequence[PriceValue]], *, at: datetime) -> int:
    """Return the bound over the prices of every offer that may be tried; unpriced ones add nothing."""
    bounds = (_of_price(size, price) for prices in offers for price in prices if _applies(price, size, at))
    return min(max(bounds, default=0), money.MAX_CALL_NANO)


def _applies(price: PriceValue, size: Size, at: datetime) -> bool:
    """Every tier that this input can reach counts; so do prices in force by the time it ends."""
    return price.effective_from <= at and price.above_input_tokens < size.input_tokens


def _of_price(size: Size, price: PriceValue) -> int:
    dearest = max(
        value
        for value in (price.input, price.cache_read, price.cache_write, price.cache_write_1h)
        if value is not None
    )
    usd = (size.input_tokens * dearest + size.output_tokens * price.output) / MTOK + price.per_request
    return money.to_nano(Decimal(usd))
