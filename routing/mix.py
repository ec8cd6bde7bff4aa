"""Pure: what a call is expected to cost at an offer, by what a team's calls there were like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.pricing import cost_of
from providers.wire import Usage
from routing.bound import BYTES_PER_TOKEN, Size
from routing.demand import Supplier
from routing.snapshot import OfferValue

USUAL_OUTPUT = 500  # tokens of an answer, where a team has no calls yet


@dataclass(frozen=True, slots=True)
class Mix:
    """What some calls were like together."""

    requests: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0

    @property
    def cache_share(self) -> float:
        """The share of input that was read from a cache, 0 to 1."""
        return min(1.0, self.cache_read_tokens / self.input_tokens) if self.input_tokens else 0.0

    def __add__(self, other: Mix) -> Mix:
        return Mix(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.output_tokens + other.output_tokens,
        )


Mixes = Mapping[Supplier, Mix]


def together(mixes: Iterable[Mix]) -> Mix:
    """Return what some calls were like together; a team may have called hundreds of offers."""
    requests = input_tokens = cache_read_tokens = output_tokens = 0
    for mix in mixes:
        requests += mix.requests
        input_tokens += mix.input_tokens
        cache_read_tokens += mix.cache_read_tokens
        output_tokens += mix.output_tokens
    return Mix(requests, input_tokens, cache_read_tokens, output_tokens)


def expected_output(size: Size, mixes: Mixes) -> int:
    """Return the tokens that an answer is expected to have: as many as the team's have on average.

    It is the same for all offers, so that a model that talks much is not called dear for it.
    """
    whole = together(mixes.values())
    usual = whole.output_tokens // whole.requests if whole.requests else USUAL_OUTPUT
    limit = usual if size.output_limit is None else min(usual, size.output_limit)
    return limit * size.answers


def expected_nano(size: Size, offer: OfferValue, mix: Mix, *, output_tokens: int, at: datetime) -> int | None:
    """Return the cost that a call is expected to have, in nano-USD, None where the offer has no price."""
    input_tokens = max(1, size.body_bytes // BYTES_PER_TOKEN)
    usage = Usage(
        input_tokens=input_tokens,
        cache_read_tokens=int(input_tokens * mix.cache_share),
        output_tokens=output_tokens,
    )
    return cost_of(usage, offer.prices, at=at).nano
