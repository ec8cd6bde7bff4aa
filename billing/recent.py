"""Pure: the newest calls of somebody to a model, as the ledger has them, and what they had together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from billing.asked import needs_in, parameters_in
from catalog.pricing import PriceValue, cost_usd, price_for
from llmhub.lib import money
from providers.wire import Usage


class Call(NamedTuple):
    """One attempt of a request, with what its record says of the request."""

    id: int  # of the request: all its attempts have it
    needs: int | None  # see billing/asked.py; None: from before that was kept
    parameters: int | None
    streamed: bool
    status: str  # of the attempt
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    web_searches: int
    cost_nano: int | None
    latency_ms: int
    ttft_ms: int | None

    @property
    def usage(self) -> Usage:
        """What it used."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens,
            reasoning_tokens=self.reasoning_tokens,
            web_searches=self.web_searches,
        )


@dataclass(frozen=True)
class Repriced:
    """What calls cost, and what the same tokens cost at other prices."""

    calls: int  # whose cost is known at both
    paid_nano: int
    other_nano: int
    unpaid: int = 0  # calls that are left out: nobody knows what they cost


@dataclass(frozen=True)
class Recent:
    """The newest attempts of some requests, the newest first."""

    calls: Sequence[Call]
    since: datetime
    is_whole: bool  # whether these are all since then

    @cached_property
    def requests(self) -> int:
        """How many requests there are."""
        return len({call.id for call in self.calls})

    @cached_property
    def answered(self) -> list[Call]:
        """The attempts that were answered in full."""
        return [call for call in self.calls if call.status == "ok"]

    @cached_property
    def failed(self) -> int:
        """How many attempts the provider failed."""
        return sum(call.status in ("error", "interrupted") for call in self.calls)

    @cached_property
    def firsts(self) -> list[Call]:
        """One attempt of each request, for what is said of the request."""
        return list({call.id: call for call in self.calls}.values())

    def needs(self) -> tuple[Counter[str], int]:
        """Return how many requests asked for what, and of how many that is known."""
        known = [call.needs for call in self.firsts if call.needs is not None]
        return _counted(known, needs_in), len(known)

    def parameters(self) -> tuple[Counter[str], int]:
        """Return how many requests gave which parameters, and of how many that is known."""
        known = [call.parameters for call in self.firsts if call.parameters is not None]
        return _counted(known, parameters_in), len(known)

    def repriced(self, prices: Sequence[PriceValue], *, at: datetime) -> Repriced | None:
        """Return what the attempts cost, and would at other prices; None where one has no price then."""
        paid, other, calls, unpaid = 0, Decimal(0), 0, 0
        for call in self.calls:
            if call.cost_nano is None:
                unpaid += not _is_nothing(call)
                continue
            price = price_for(prices, input_tokens=call.input_tokens, at=at)
            if price is None or (call.web_searches and price.web_search is None):
                return None
            paid += call.cost_nano
            other += 0 if _is_nothing(call) else cost_usd(call.usage, price)
            calls += 1
        return Repriced(calls, paid, money.to_nano(other), unpaid)


def _is_nothing(call: Call) -> bool:
    """Return whether an attempt failed unused: it costs nothing at whatever price."""
    return call.status != "ok" and not (call.input_tokens or call.output_tokens)


def _counted(numbers: Iterable[int], meaning: Callable[[int], Iterable[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for number, times in Counter(numbers).items():
        for word in meaning(number):
            found[word] += times
    return found


def percentile(values: Sequence[int], percent: int) -> int | None:
    """Return the smallest value that at least `percent` percent of all do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None
