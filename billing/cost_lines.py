"""Pure: a computed cost as the lines that it is the sum of, for the page of a request.

Amounts are exact USD; only their sum is rounded, once, to the nano-USD that the ledger keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from catalog.pricing import MTOK, PriceValue, fresh_tokens
from providers.wire import Usage

_EXACT = Context(prec=100)


@dataclass(frozen=True)
class CostLine:
    """One kind of tokens or uses: how many, at what price, and what they cost."""

    name: str
    count: int
    price: Decimal  # USD per million tokens, or each
    usd: Decimal
    is_each: bool = False  # of requests and searches


def cost_lines(usage: Usage, price: PriceValue) -> list[CostLine]:
    """Return what `usage` costs line by line; kinds that were not used are left out."""
    written_1h = min(usage.cache_write_1h_tokens, usage.cache_write_tokens)
    write = price.input if price.cache_write is None else price.cache_write
    kinds = (
        ("Input", fresh_tokens(usage), price.input),
        ("Cache read", usage.cache_read_tokens, _or(price.cache_read, price.input)),
        ("Cache write", usage.cache_write_tokens - written_1h, write),
        ("Cache write, 1 hour", written_1h, _or(price.cache_write_1h, write)),
        ("Output", usage.output_tokens, price.output),
    )
    fees = (("Request", int(bool(price.per_request)), price.per_request), *_searches(usage, price))
    with localcontext(_EXACT):
        lines = [CostLine(name, tokens, rate, tokens * rate / MTOK) for name, tokens, rate in kinds if tokens]
        lines += [CostLine(name, count, fee, count * fee, is_each=True) for name, count, fee in fees if count]
    return lines


def unpriced_uses(usage: Usage, price: PriceValue) -> str:
    """Return what was billed beside the tokens and has no price here, in words; "" where there is nothing."""
    if not usage.web_searches or price.web_search is not None:
        return ""
    return f"{usage.web_searches} web search{'es' if usage.web_searches > 1 else ''}"


def _searches(usage: Usage, price: PriceValue) -> Iterator[tuple[str, int, Decimal]]:
    if price.web_search is not None:
        yield "Web search", usage.web_searches, price.web_search


def _or(rate: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if rate is None else rate
