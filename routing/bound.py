"""Pure: the most a call can take, which is what is held for it until it is settled (R-02)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from billing.rules import DEFAULT_OUTPUT_TOKENS
from catalog.pricing import MTOK, PriceValue, in_force
from llmhub.lib import money

BYTES_PER_TOKEN = 4  # of English text; of code a little less, of JSON and Chinese more: for guesses, no bound
_PER_MESSAGE = 50  # tokens: roles and separators
# Tokens: the instructions a provider adds once for tools, or for a form that the answer is to have. The most
# that is published are 804, of Claude Opus 4.7 that must use a tool.
# Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing
_FOR_TOOLS = 1000


class Size(msgspec.Struct, frozen=True):
    """How large a request is, as far as it bounds tokens."""

    body_bytes: int
    messages: int
    tools: bool = False  # or a form of the answer
    output_limit: int | None = None  # tokens of one answer, as the caller limits it
    answers: int = 1  # the caller's n
    files: bool = False  # images, files or videos: bytes do not bound their tokens
    unbounded: str = ""  # what is in it whose cost tokens do not bound: "server tools"
    context_tokens: int | None = None  # of the model: the most that files can be

    @property
    def input_tokens(self) -> int:
        """No text has more tokens than bytes, and no input more than the model's context."""
        text = self.body_bytes + _PER_MESSAGE * self.messages + (_FOR_TOOLS if self.tools else 0)
        return max(text, self.context_tokens or 0) if self.files else text

    @property
    def output_tokens(self) -> int:
        """What all answers together may have."""
        limit = DEFAULT_OUTPUT_TOKENS if self.output_limit is None else self.output_limit
        return limit * self.answers

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


def worst_case_nano(size: Size, prices: Sequence[PriceValue], *, at: datetime) -> int | None:
    """Return the bound at one offer, or None where it has no price.

    Every tier that this input can reach counts. A call costs what is in force when it begins (`at`),
    however long it takes: a price that begins meanwhile is for calls that begin after it.
    """
    reachable = [price for price in in_force(prices, at=at) if price.above_input_tokens < size.input_tokens]
    bounds = [_of_price(size, price) for price in reachable]
    return min(max(bounds), money.MAX_CALL_NANO) if bounds else None


def _of_price(size: Size, price: PriceValue) -> int:
    dearest = max(
        value
        for value in (price.input, price.cache_read, price.cache_write, price.cache_write_1h)
        if value is not None
    )
    usd = (size.input_tokens * dearest + size.output_tokens * price.output) / MTOK + price.per_request
    return money.to_nano(Decimal(usd))
