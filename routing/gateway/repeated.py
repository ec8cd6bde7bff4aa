"""Pure: what a call would have cost less, had the beginning of its prompt been read from a cache."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.pricing import PriceValue, cache_saving_usd, price_for
from llmhub.lib import money
from providers.wire import Body, Usage
from routing.bound import BYTES_PER_TOKEN
from routing.prefixes import LONGEST

_PROMPT = ("system", "messages")  # where each dialect has it


def beginning(body: Body) -> bytes:
    """Return how a prompt begins, at most twice as much as is looked at."""
    return b"".join(bytes(memoryview(body[name])[:LONGEST]) for name in _PROMPT if name in body)


def saved_nano(
    repeated_bytes: int, usage: Usage, prices: Sequence[PriceValue], *, at: datetime
) -> int | None:
    """Return what a cache would have saved of a call that used none; None for nothing.

    Of bytes that were sent before, so many tokens as they are by guess, at the difference of both prices.
    """
    if not repeated_bytes or usage.cache_read_tokens or usage.cache_write_tokens:
        return None
    price = price_for(prices, input_tokens=usage.input_tokens, at=at)
    if price is None:
        return None
    tokens = min(repeated_bytes // BYTES_PER_TOKEN, usage.input_tokens)
    return money.to_nano(cache_saving_usd(tokens, price)) or None
