"""Pure: a computed cost as the lines that it is the sum of, for the page of a request.

Amounts are exact USD; only their sum is rounded, once, to the nano-USD that the ledger keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from catalog.pricing import MTOK, PriceValue, fresh_tokens
from providers.wire import Usage

_EXACT = Context(prec=100)


@dataclass(frozen=True)
class CostLine:
    """One kind of tokens: how many, at what price, and what they cost."""

    name: str
    tokens: int | None  # None: a price per request
    price: Decimal  # USD per million tokens, or per request
    usd: Decimal


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
    with localcontext(_EXACT):
        lines = [CostLine(name, tokens, rate, tokens * rate / MTOK) for name, tokens, rate in kinds if tokens]
    if price.per_request:
        lines.append(CostLine("Request", None, price.per_request, price.per_request))
    return lines


def _or(rate: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if rate is None else rate
