"""One small call of our own to an offer: what it may take at most, how it went, its record in the ledger."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from asgiref.sync import sync_to_async

from billing.entries import AttemptEntry, Reserve, Settle
from catalog.models import Offer
from catalog.pricing import Cost
from llmhub.lib import clock
from providers.adapters import adapter_for
from providers.client import Client, Timeouts
from providers.credential import CredentialUnreadable, reveal
from providers.errors import ProviderError, TargetMisconfigured, hiding
from providers.models import Provider
from providers.tally import Ending
from providers.wire import Answer, Body, Target, Usage
from routing.bound import Size
from routing.gateway.evidence import ending_of

COST_CENTRE = "health"
MAX_OUTPUT_TOKENS = 16
_PROMPT = "Say yes."
_TIMEOUTS = Timeouts(total=60.0)


@dataclass(frozen=True)
class Made:
    """How the call went."""

    latency_ms: int
    error: str  # "" where it was answered
    error_code: str = ""
    http_status: int = 200
    usage: Usage | None = None
    at_ms: int = 0
    ending: Ending = "ok"


def size_of(offer: Offer) -> Size:
    """Return how large it is, which bounds what it can cost."""
    return Size(body_bytes=len(content(offer)), messages=1, output_limit=MAX_OUTPUT_TOKENS)


async def send(offer: Offer, *, timeouts: Timeouts = _TIMEOUTS) -> Made:
    """Send it with the first credential that is in use, and say how it went."""
    provider, at_ms, begun = offer.provider, clock.unix_ms(), time.monotonic()
    adapter, client = adapter_for(provider.kind, provider.dialect), Client()

    def passed() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        secret = await sync_to_async(_secret)(provider)
        with hiding(secret):
            call = adapter.generate_call(
                Target(provider.base_url, offer.upstream_id, secret), _body(offer), stream=False
            )
            reply = await client.send(call, timeout=timeouts)
            if reply.status != 200:
                raise adapter.failure(reply.status, reply.headers, reply.content)
            answer: Answer = adapter.parse_answer(reply.content)
    except ProviderError as error:
        used = error.usage or (None if error.is_free else _at_most(offer))
        return Made(
            passed(), error.message, error.code, error.status or 0, used, at_ms, ending=ending_of(error)
        )
    except CredentialUnreadable as trouble:
        return Made(passed(), str(trouble), TargetMisconfigured.code, 0, at_ms=at_ms, ending="refused")
    finally:
        await client.aclose()
    return Made(passed(), "", usage=answer.usage or _at_most(offer), at_ms=at_ms)


def _secret(provider: Provider) -> str:
    credential = provider.credentials.filter(disabled_reason="").order_by("-weight", "id").first()
    return reveal(credential) if credential else ""


def _at_most(offer: Offer) -> Usage:
    """Return what a call used whose provider does not say: the most it may have."""
    size = size_of(offer)
    return Usage(input_tokens=size.input_tokens, output_tokens=size.output_tokens, estimated=True)


def _body(offer: Offer) -> Body:
    terms = adapter_for(offer.provider.kind, offer.provider.dialect).terms(offer.upstream_id)
    plain: dict[str, Any] = {
        "model": offer.upstream_id,
        "messages": [{"role": "user", "content": _PROMPT}],
        terms.limit_field: MAX_OUTPUT_TOKENS,
    }
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in plain.items()}


def content(offer: Offer) -> bytes:
    """Return what is sent."""
    return msgspec.json.encode(_body(offer))


def reservation(offer: Offer, nano: int, *, until: datetime) -> Reserve:
    """Return what holds the most it may cost, in nano-USD, for the ledger to give an id."""
    return Reserve(
        id=0,
        amount_nano=nano,
        expires_at=int(until.timestamp()),
        facts={
            "cost_centre": COST_CENTRE,
            "requested": offer.entry.slug,
            "dialect": offer.provider.dialect,
            "entry_id": offer.entry_id,
            "offer_id": offer.pk,
            "provider_id": offer.provider_id,
        },
    )


def record_of(offer: Offer, made: Made, cost: Cost | None) -> Settle:
    """Return its record for the ledger, which has its id: of `health`, and nobody's."""
    used = made.usage or Usage()
    attempt = AttemptEntry(
        number=1,
        status="error" if made.error else "ok",
        started_at_ms=made.at_ms,
        latency_ms=made.latency_ms,
        entry_id=offer.entry_id,
        offer_id=offer.pk,
        provider_id=offer.provider_id,
        price_id=cost.price_id if cost else None,
        http_status=made.http_status,
        error_code=made.error_code,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cache_read_tokens=used.cache_read_tokens,
        cache_write_tokens=used.cache_write_tokens,
        reasoning_tokens=used.reasoning_tokens,
        usage_estimated=used.estimated,
        cost_nano=cost.nano if cost else None,
        computed_nano=cost.computed_nano if cost else None,
        cost_source=cost.source if cost else "",
    )
    return Settle(
        id=0,
        requested=offer.entry.slug,
        status=attempt.status,
        attempts=(attempt,),
        cost_centre=COST_CENTRE,
        dialect=offer.provider.dialect,
        http_status=made.http_status,
        error_code=made.error_code,
        latency_ms=made.latency_ms,
    )
