"""Pure: what a call costs.

Prices are USD per million tokens (MTok); costs are USD. Both are `Decimal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Literal, TypeGuard

import msgspec

from llmhub.lib import money
from providers.wire import Usage

MTOK = Decimal(1_000_000)
MAX_PRICE = Decimal(10) ** 7  # USD per MTok: dearer is a unit mistake
_MAX_REPORTED = money.from_nano(money.MAX_CALL_NANO)  # USD in one call: more is a mistake of the provider
_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)  # 40 letters of price times 19 digits of tokens

Source = Literal["reported", "computed", "estimated", "reconciled", "unpriced"]


@dataclass(frozen=True)
class PriceValue:
    """One price of one offer, as the snapshot holds it."""

    id: int
    effective_from: datetime
    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None  # None: cached tokens cost as much as input
    cache_write: Decimal | None = None  # None: as much as input
    cache_write_1h: Decimal | None = None  # None: as much as cache_write
    per_request: Decimal = Decimal(0)  # USD
    web_search: Decimal | None = None  # USD each; None: not known
    above_input_tokens: int = 0  # the tier applies to inputs strictly greater than this
    ends_at: datetime | None = None  # None: it holds until the next begins


class Cost(msgspec.Struct, frozen=True):
    """What one call costs, where that number comes from, and the price it was computed with."""

    nano: int | None  # None: unknown, never 0
    source: Source
    price_id: int | None = None
    computed_nano: int | None = None  # ours, kept beside the provider's own figure
    unpriced_reason: str = ""


def price_for(prices: Sequence[PriceValue], *, input_tokens: int, at: datetime) -> PriceValue | None:
    """Return the price in force at `at` for a call of this input size, or None when there is none."""
    tiers = [
        price
        for price in in_force(prices, at=at)
        if price.above_input_tokens == 0 or input_tokens > price.above_input_tokens
    ]
    return max(tiers, key=lambda price: price.above_input_tokens, default=None)


def in_force(prices: Sequence[PriceValue], *, at: datetime) -> list[PriceValue]:
    """Return every tier of the price in force at `at`; nothing where there is none."""
    if len(prices) == 1 and prices[0].effective_from <= at and prices[0].ends_at is None:
        return list(prices)  # nearly all
    begun = [price for price in prices if price.effective_from <= at]
    newest = max((price.effective_from for price in begun), default=None)
    return [price for price in begun if price.effective_from == newest and not has_ended(price.ends_at, at)]


def has_ended(ends_at: datetime | None, at: datetime) -> bool:
    """Return whether a price that ends then is over at `at`."""
    return ends_at is not None and ends_at <= at


def cost_usd(usage: Usage, price: PriceValue) -> Decimal:
    """Return the cost of `usage` in USD, exact, unrounded."""
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    write_1h = write if price.cache_write_1h is None else price.cache_write_1h
    written_1h = min(usage.cache_write_1h_tokens, usage.cache_write_tokens)
    with localcontext(_EXACT):
        tokens = (
            fresh_tokens(usage) * price.input
            + usage.cache_read_tokens * read
            + (usage.cache_write_tokens - written_1h) * write
            + written_1h * write_1h
            + usage.output_tokens * price.output
        )
        return tokens / MTOK + price.per_request + usage.web_searches * (price.web_search or 0)


def cache_saving_usd(tokens: int, price: PriceValue) -> Decimal:
    """Return what these input tokens cost less when a cache has them; 0 where that is no cheaper."""
    read = price.input if price.cache_read is None else price.cache_read
    with localcontext(_EXACT):
        return max(tokens * (price.input - read) / MTOK, Decimal(0))


def fresh_tokens(usage: Usage) -> int:
    """Return the input tokens that were neither read from a cache nor written to one.

    Gemini counts the same tokens as read and as written; its writes are a fee on top, so
    that only the read ones are taken off when both together are more than the whole input.
    """
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    if cached > usage.input_tokens:
        cached = usage.cache_read_tokens
    return max(0, usage.input_tokens - cached)


def cost_of(usage: Usage, prices: Sequence[PriceValue], *, at: datetime) -> Cost:
    """Return what a call costs: the provider's own figure where it gave a possible one, else ours."""
    price = price_for(prices, input_tokens=usage.input_tokens, at=at)
    computed = None if price is None else money.to_nano(cost_usd(usage, price))
    price_id = None if price is None else price.id
    if _is_possible(usage.reported_cost):
        return Cost(money.to_nano(usage.reported_cost), "reported", price_id, computed)
    if price is None:
        return Cost(None, "unpriced", unpriced_reason="the offer has no price")
    is_unknown = bool(usage.web_searches) and price.web_search is None
    is_exact = not (usage.estimated or usage.other_rates or is_unknown)
    return Cost(computed, "computed" if is_exact else "estimated", price_id, computed)


def _is_possible(reported: Decimal | None) -> TypeGuard[Decimal]:
    return reported is not None and reported.is_finite() and 0 <= reported <= _MAX_REPORTED
