"""One upstream call of the demo: a failure, an answer, or an answer that was broken off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from billing.entries import AttemptEntry, Status
from catalog import pricing
from catalog.pricing import PriceValue
from llmhub.demo import cast
from providers.wire import Usage

OUTAGE_EVERY, OUTAGE_HOURS = 11, (13, 14)  # days; hours UTC
OUTAGE_AT = "harbor"
REJECTED = 0.004  # share of calls that no provider would take
CANCELLED, TRUNCATED = 0.025, 0.003  # shares of streams
SPOILT = 0.004  # share of whole answers that nobody can read: they are paid for, and the next offer is tried
CHARGED = Decimal("0.97")  # of our own figure, where a provider reports what it charged
# How providers fail: code, status, how often, and after how many milliseconds.
FAILURES = (
    ("upstream_unavailable", 503, 6, 180),
    ("upstream_rate_limited", 429, 3, 60),
    ("upstream_timeout", 0, 1, 30_000),
)


@dataclass(frozen=True)
class OfferFacts:
    """An offer as the ledger names it."""

    entry_id: int
    offer_id: int
    provider_id: int
    provider: cast.DemoProvider
    upstream_id: str
    prices: tuple[PriceValue, ...]
    thinks: bool

    @property
    def caches(self) -> bool:
        """Whether cached input has a price of its own."""
        return any(price.cache_read is not None for price in self.prices)


def attempt(
    offer: OfferFacts, service: cast.Service, moment: datetime, chance: Random, *, streamed: bool
) -> AttemptEntry:
    """Return how one call of `service` to `offer` goes, as attempt number 1 that began at 0 ms."""
    fate = chance.random()
    if fate < REJECTED:
        return _failed(offer, "upstream_rejected", 400, chance.randrange(30, 90))
    if fate < REJECTED + _failing(offer.provider, moment):
        code, status, _, after_ms = chance.choices(FAILURES, weights=[row[2] for row in FAILURES])[0]
        return _failed(offer, code, status, round(after_ms * chance.uniform(0.9, 1.3)))
    usage = _usage(offer, service, chance)
    if not streamed and chance.random() < SPOILT:
        answered = _answered(offer, usage, "error", moment, chance, streamed=False)
        return replace(answered, error_code="upstream_bad_reply")
    broken = chance.random() if streamed else 1.0
    if broken < CANCELLED:
        return _answered(offer, _part_of(usage, chance), "cancelled", moment, chance, streamed=True)
    if broken < CANCELLED + TRUNCATED:
        answered = _answered(offer, _part_of(usage, chance), "error", moment, chance, streamed=True)
        return replace(answered, error_code="upstream_truncated")
    return _answered(offer, usage, "ok", moment, chance, streamed=streamed)


def _failing(provider: cast.DemoProvider, moment: datetime) -> float:
    """Return the share of calls that fail at this moment."""
    out = moment.toordinal() % OUTAGE_EVERY == 0 and moment.hour in OUTAGE_HOURS
    return 0.85 if out and provider.slug == OUTAGE_AT else provider.failing


def _failed(offer: OfferFacts, code: str, status: int, latency_ms: int) -> AttemptEntry:
    """Return a call that got no answer, and cost nothing."""
    return AttemptEntry(
        number=1,
        status="error",
        started_at_ms=0,
        latency_ms=latency_ms,
        entry_id=offer.entry_id,
        offer_id=offer.offer_id,
        provider_id=offer.provider_id,
        http_status=status,
        error_code=code,
    )


def _usage(offer: OfferFacts, service: cast.Service, chance: Random) -> Usage:
    """Return tokens around the middle that the service has, with a long tail upwards."""
    given = round(service.input_tokens * chance.lognormvariate(0, 0.55)) + 8
    output = round(service.output_tokens * chance.lognormvariate(0, 0.6)) + 1 if service.output_tokens else 0
    reasoning = round(output * chance.uniform(0.8, 3.0)) if offer.thinks else 0
    hit = offer.caches and chance.random() < service.cached
    read = given * chance.randrange(50, 95) // 100 // 64 * 64 if hit else 0
    writes = not hit and service.cached > 0 and any(price.cache_write is not None for price in offer.prices)
    return Usage(
        input_tokens=given,
        output_tokens=output + reasoning,
        cache_read_tokens=read,
        cache_write_tokens=given // 128 * 64 if writes else 0,
        reasoning_tokens=reasoning,
    )


def _part_of(usage: Usage, chance: Random) -> Usage:
    """Return what was said until a stream broke off, counted by us."""
    seen = max(1, usage.output_tokens * chance.randrange(5, 80) // 100)
    return replace(
        usage, output_tokens=seen, reasoning_tokens=min(seen, usage.reasoning_tokens), estimated=True
    )


def _answered(
    offer: OfferFacts, usage: Usage, status: Status, moment: datetime, chance: Random, *, streamed: bool
) -> AttemptEntry:
    """Return a call that was answered, with its cost at the price of that moment."""
    cost = pricing.cost_of(usage, offer.prices, at=moment)
    if offer.provider.reports_cost and status == "ok" and cost.nano is not None:
        price = pricing.price_for(offer.prices, input_tokens=usage.input_tokens, at=moment)
        assert price is not None
        charged = replace(usage, reported_cost=pricing.cost_usd(usage, price) * CHARGED)
        cost = pricing.cost_of(charged, offer.prices, at=moment)
    first_ms = round(offer.provider.first_ms * chance.lognormvariate(0, 0.3))
    writing_ms = round(usage.output_tokens / offer.provider.speed * 1000 * chance.uniform(0.85, 1.2))
    return AttemptEntry(
        number=1,
        status=status,
        started_at_ms=0,
        latency_ms=first_ms + writing_ms,
        entry_id=offer.entry_id,
        offer_id=offer.offer_id,
        provider_id=offer.provider_id,
        price_id=cost.price_id,
        upstream_model=offer.upstream_id,
        upstream_request_id=f"req_{chance.getrandbits(48):012x}",
        http_status=200,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        usage_estimated=usage.estimated,
        cost_nano=cost.nano,
        computed_nano=cost.computed_nano,
        cost_source=cost.source,
        ttft_ms=first_ms if streamed else None,
    )
