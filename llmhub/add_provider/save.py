"""Save a draft: provider, credential, what its check found, models and prices; all of it or nothing."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import ledger_alone
from catalog.models import Offer
from catalog.new_model import add_model
from catalog.offer import set_price
from catalog.proposal import Proposal, proposals
from llmhub.add_provider.draft import Draft, Terms
from llmhub.add_provider.forms import is_proposed, rates_of
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from providers.check import Check, Outcome
from providers.credential import set_credential
from providers.models import Provider
from providers.provider import create_provider
from providers.saved_check import keep_check


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
        offer = Offer.objects.filter(provider=provider, upstream_id=call.upstream_id).first()
        ledger_alone.attribute(
            call.usage_id,
            provider_id=provider.pk,
            entry_id=offer.entry_id if offer else None,
            offer_id=offer.pk if offer else None,
        )
    return provider


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
