"""Ask the new model's providers now: by the free check, or by one small call whose cost is bounded first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from asgiref.sync import async_to_sync
from django.db import transaction
from django.urls import reverse

from billing import budget_state, ledger_alone, scopes
from billing.entries import OverBudget
from billing.models import Budget
from catalog.availability import entries_now, offers_with_providers, prices_in_force
from catalog.models import CatalogEntry, Offer
from catalog.pricing import Cost, PriceValue, cost_of
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, figures, ids
from llmhub.people import organisation
from llmhub.people.roles import require
from providers.saved_check import check_and_save
from routing import small_call
from routing.bound import worst_case_nano
from routing.preflight import Check, Evidence, Status
from routing.small_call import MAX_OUTPUT_TOKENS, Made

_MOST_PROVIDERS = 5
_LEASE = 120  # seconds for which its money is held


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
    size = small_call.size_of(offer)
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
    until = clock.now() + timedelta(seconds=_LEASE)
    try:
        held = ledger_alone.hold(
            small_call.reservation(most.offer, most.nano or 0, until=until),
            tokens=small_call.size_of(most.offer).tokens,
            provider_id=most.offer.provider_id,
            entry_id=entry.pk,
        )
    except OverBudget:  # another one was quicker
        return _check("unknown", "No call was made. A hard budget has no room left for it.")
    made = async_to_sync(small_call.send)(most.offer)
    cost = None if made.usage is None else cost_of(made.usage, most.prices, at=ids.moment_of(held.id))
    with transaction.atomic():
        ledger_alone.settle(small_call.record_of(most.offer, made, cost), held)
        told = {"model": entry.slug, "answered": not made.error, "cost_nano": cost.nano if cost else 0}
        log.record(actor, "preflight.called", f"provider:{most.offer.provider.slug}", after=told)
    return _said(most, made, cost, held.id)


def _said(most: Bound, made: Made, cost: Cost | None, id_: int) -> Check:
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
