"""Save a draft: provider, credential, what its check found, models and prices; all of it or nothing."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import ledger_alone
from billing.entries import AttemptEntry, Settle
from catalog.models import Offer
from catalog.new_model import add_model
from catalog.offer import set_price
from catalog.proposal import Proposal, proposals
from llmhub.add_provider.draft import Draft, FirstCall, Terms
from llmhub.add_provider.forms import is_proposed, rates_of
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from providers.check import Check, Outcome
from providers.credential import set_credential
from providers.models import Provider
from providers.provider import create_provider
from providers.saved_check import keep_check

COST_CENTRE = "health"


class BadModel(ValidationError):
    """One of the chosen models cannot be saved; the message names it."""


@transaction.atomic
def save_draft(*, actor: Actor, draft: Draft) -> Provider:
    """Make the provider that a draft describes.

    Raises `ValidationError` when a name was taken meanwhile, and `BadModel` for one of a model.
    """
    provider = create_provider(
        actor=actor,
        slug=draft.slug,
        name=draft.name,
        kind=draft.kind,
        base_url=draft.base_url,
        dialect=draft.dialect,
        needs_credential=draft.known_kind.needs_credential or bool(draft.secret),
    )
    if draft.secret:
        set_credential(actor=actor, provider=provider, secret=draft.secret)
    if draft.outcome:
        found = Check(Outcome(draft.outcome), draft.message, tuple(draft.listings), draft.latency_ms)
        credentials = list(provider.credentials.all())
        keep_check(provider, found, [(row, found) for row in credentials])
    known = proposals(draft.kind, draft.chosen, clock.now())
    contexts = {id_: context for id_, _, context in draft.found}
    for upstream_id in draft.chosen:
        try:
            _add(actor, provider, upstream_id, draft.terms[upstream_id], known.get(upstream_id), contexts)
        except ValidationError as error:
            raise BadModel(f"{upstream_id}: {' '.join(error.messages)}") from error
    for call in draft.calls:
        record_call(draft, provider, call)
    return provider


@transaction.atomic
def give_up(draft: Draft) -> None:
    """Put the calls of a draft that is not saved into the ledger: they were paid for all the same."""
    for call in draft.calls:
        record_call(draft, None, call)


def record_call(draft: Draft, provider: Provider | None, call: FirstCall) -> None:
    """Put a call that was made on the way here into the ledger: it is nobody's, as what health asks is."""
    offers = Offer.objects.filter(provider=provider, upstream_id=call.upstream_id)
    offer = offers.first() if provider else None
    attempt = AttemptEntry(
        number=1,
        status="ok",
        started_at_ms=call.at_ms,
        latency_ms=call.latency_ms,
        entry_id=offer.entry_id if offer else None,
        offer_id=offer.pk if offer else None,
        provider_id=provider.pk if provider else None,
        http_status=200,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        usage_estimated=call.estimated,
        cost_nano=call.cost_nano,
        computed_nano=call.computed_nano,
        cost_source=call.cost_source,
    )
    ledger_alone.write(
        Settle(
            id=0,
            requested=draft.terms[call.upstream_id].slug if call.upstream_id in draft.terms else "",
            status="ok",
            attempts=(attempt,),
            cost_centre=COST_CENTRE,
            dialect=draft.dialect,
            http_status=200,
            latency_ms=call.latency_ms,
        )
    )


def _add(
    actor: Actor,
    provider: Provider,
    upstream_id: str,
    terms: Terms,
    known: Proposal | None,
    contexts: dict[str, int | None],
) -> None:
    offer = add_model(
        actor=actor,
        provider=provider,
        upstream_id=upstream_id,
        slug=terms.slug,
        rates=None,
        context_tokens=contexts.get(upstream_id),
        capabilities=["stream"],
    )
    rates = rates_of(terms)
    if rates is None:
        return
    if (
        known and known.is_same_provider and is_proposed(rates, known.rates)
    ):  # as proposed: whole, with its source
        set_price(
            actor=actor, offer=offer, tiers=known.tiers, source=known.source, checked_on=known.checked_on
        )
    else:
        set_price(actor=actor, offer=offer, tiers=[rates])
