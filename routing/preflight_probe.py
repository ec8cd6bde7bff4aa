"""Ask the new model's providers now: by the free check, or by one small call whose cost is bounded first."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.urls import reverse

from billing import budget_state, ledger_alone, scopes
from billing.entries import AttemptEntry, Settle
from billing.models import Budget
from catalog.availability import entries_now, offers_with_providers, prices_in_force
from catalog.models import CatalogEntry, Offer
from catalog.pricing import Cost, PriceValue, cost_of
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, figures, ids
from llmhub.people import organisation
from llmhub.people.roles import require
from providers.adapters import adapter_for
from providers.client import Client, Timeouts
from providers.credential import CredentialUnreadable, reveal
from providers.errors import ProviderError, TargetMisconfigured, hiding
from providers.models import Provider
from providers.saved_check import check_and_save
from providers.wire import Answer, Body, Target, Usage
from routing.bound import Size, worst_case_nano
from routing.preflight import Check, Evidence, Status

COST_CENTRE = "health"
MAX_OUTPUT_TOKENS = 16
_PROMPT = "Say yes."
_TIMEOUTS = Timeouts(total=60.0)
_MOST_PROVIDERS = 5


@dataclass(frozen=True)
class Bound:
    """The one call that would be made, and what it may cost at most."""

    offer: Offer | None  # None: nothing can be called
    prices: tuple[PriceValue, ...]
    nano: int | None  # None: its price is unknown
    why_not: str  # "" where it may be made

    @property
    def said(self) -> str:
        """What it may cost, in words."""
        return (
            "an unknown amount: its price is not known" if self.nano is None else f"${figures.usd(self.nano)}"
        )


@dataclass(frozen=True)
class _Made:
    """How the call went."""

    latency_ms: int
    error: str  # "" where it was answered
    error_code: str = ""
    http_status: int = 200
    usage: Usage | None = None
    at_ms: int = 0


def check_providers(entry: CatalogEntry, *, actor: Actor) -> None:
    """Check the providers of a model by a free call each, and keep what was found."""
    require(actor, "configure")
    offers = Offer.objects.filter(entry=entry, withdrawn_at=None, provider__removed_at=None)
    found = {offer.provider_id: offer.provider for offer in offers.select_related("provider")}
    for provider in list(found.values())[:_MOST_PROVIDERS]:
        check_and_save(provider)


def bound(entry: CatalogEntry) -> Bound:
    """Return the call that would be made to a model, and what it may cost at most."""
    now = clock.now()
    row = entries_now(
        list(CatalogEntry.objects.filter(pk=entry.pk).prefetch_related(offers_with_providers())), now
    )[0]
    offer = next((each.offer for each in row.offers if not each.why_not), None)
    if row.why_not or offer is None:
        why = row.why_not.detail if row.why_not else "No provider offers it."
        return Bound(None, (), None, why)
    prices = tuple(price.value() for price in prices_in_force([offer], now)[offer.pk])
    size = Size(body_bytes=len(_content(offer)), messages=1, output_limit=MAX_OUTPUT_TOKENS)
    nano = worst_case_nano(size, prices, at=now)
    return Bound(offer, prices, nano, _why_not(entry, offer, nano, size.tokens))


def _why_not(entry: CatalogEntry, offer: Offer, nano: int | None, tokens: int) -> str:
    """Return why the call may not be made; "" where it may."""
    if reason := organisation.current().paused_reason:
        return f"Everything is paused: {reason}"
    if entry.output_modalities == ["embedding"]:
        return "It makes embeddings only: no such call is made."
    subjects = [*scopes.payers(team_id=None, key_id=None, person_id=None, tags={})]
    subjects += scopes.suppliers(provider_id=offer.provider_id, entry_id=entry.pk)
    hard = Budget.objects.in_force().filter(hard=True, tag="").exclude(cap=None)
    wanted = {"usd": nano, "tokens": tokens, "requests": 1}
    caps = [row for row in hard if (row.scope, row.scope_id) in subjects]
    for state in budget_state.states(caps, at=clock.now()):
        most = wanted[state.unit]
        if most is None or (state.left or 0) < most:
            why = "its price is unknown" if most is None else "it has no room for it"
            return f"The budget {state.label} per {state.budget.per} is hard and {why}: no call is made."
    return ""


def make_call(entry: CatalogEntry, *, actor: Actor) -> Check:
    """Make one small call to a model and say how it went; it is in the ledger, as one of `health`.

    It is not made where a hard cap has no room for the most it may cost, and while everything is paused.
    """
    require(actor, "configure")
    most = bound(entry)
    if most.offer is None or most.why_not:
        return _check("unknown", f"No call was made. {most.why_not}")
    made = async_to_sync(_call)(most.offer)
    cost = None if made.usage is None else cost_of(made.usage, most.prices, at=clock.now())
    with transaction.atomic():
        id_ = ledger_alone.write(_settle(entry, most.offer, made, cost))
        told = {"model": entry.slug, "answered": not made.error, "cost_nano": cost.nano if cost else 0}
        log.record(actor, "preflight.called", f"provider:{most.offer.provider.slug}", after=told)
    return _said(most, made, cost, id_)


async def _call(offer: Offer) -> _Made:
    """Send it with the first credential that is in use."""
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
            reply = await client.send(call, timeout=_TIMEOUTS)
            if reply.status != 200:
                raise adapter.failure(reply.status, reply.headers, reply.content)
            answer: Answer = adapter.parse_answer(reply.content)
    except ProviderError as error:
        status = error.status or 0
        usage = error.usage or (None if error.is_free else _at_most(offer))
        return _Made(passed(), error.message, error.code, status, usage=usage, at_ms=at_ms)
    except CredentialUnreadable as trouble:
        return _Made(passed(), str(trouble), TargetMisconfigured.code, 0, at_ms=at_ms)
    finally:
        await client.aclose()
    return _Made(passed(), "", usage=answer.usage or _at_most(offer), at_ms=at_ms)


def _secret(provider: Provider) -> str:
    credential = provider.credentials.filter(disabled_reason="").order_by("-weight", "id").first()
    return reveal(credential) if credential else ""


def _at_most(offer: Offer) -> Usage:
    """Return what a call used whose provider does not say: the most it may have."""
    size = Size(body_bytes=len(_content(offer)), messages=1, output_limit=MAX_OUTPUT_TOKENS)
    return Usage(input_tokens=size.input_tokens, output_tokens=size.output_tokens, estimated=True)


def _body(offer: Offer) -> Body:
    terms = adapter_for(offer.provider.kind, offer.provider.dialect).terms(offer.upstream_id)
    plain: dict[str, Any] = {
        "model": offer.upstream_id,
        "messages": [{"role": "user", "content": _PROMPT}],
        terms.limit_field: MAX_OUTPUT_TOKENS,
    }
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in plain.items()}


def _content(offer: Offer) -> bytes:
    return msgspec.json.encode(_body(offer))


def _settle(entry: CatalogEntry, offer: Offer, made: _Made, cost: Cost | None) -> Settle:
    used = made.usage or Usage()
    attempt = AttemptEntry(
        number=1,
        status="error" if made.error else "ok",
        started_at_ms=made.at_ms,
        latency_ms=made.latency_ms,
        entry_id=entry.pk,
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
        requested=entry.slug,
        status=attempt.status,
        attempts=(attempt,),
        cost_centre=COST_CENTRE,
        dialect=offer.provider.dialect,
        http_status=made.http_status,
        error_code=made.error_code,
        latency_ms=made.latency_ms,
    )


def _said(most: Bound, made: _Made, cost: Cost | None, id_: int) -> Check:
    assert most.offer is not None
    name, took = most.offer.provider.name, figures.duration(made.latency_ms)
    path = reverse("billing:request_detail", args=[ids.request_id(id_)])
    spent = "nothing" if cost is None else "not known" if cost.nano is None else f"${figures.usd(cost.nano)}"
    evidence = (
        Evidence("It may have cost at most", most.said),
        Evidence("It cost", spent, path),
        Evidence("Tokens of answer", f"at most {MAX_OUTPUT_TOKENS}"),
    )
    if made.error:
        return _check("fail", f"One call at {name} failed after {took}: {made.error}.", evidence)
    return _check("ok", f"One call at {name} was answered in {took}; it cost {spent}.", evidence)


def _check(status: Status, said: str, evidence: tuple[Evidence, ...] = ()) -> Check:
    return Check("call", "One call", status, said, evidence)
