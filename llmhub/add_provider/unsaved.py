"""A connection that somebody tests by API or command, and does not save there: its models, a first call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError

from catalog.proposal import Proposal, proposals
from llmhub.add_provider.draft import Draft, FirstCall, Terms
from llmhub.add_provider.first_call import NotNow, bound_nano, make_call
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from providers.adapters import KINDS
from providers.check import Check
from providers.credential import checked_secret
from providers.listing import Listing
from providers.provider import checked_url
from providers.trial import try_connection

_SLUG = "unsaved"  # in the audit log, where a provider has its short name


@dataclass(frozen=True)
class Found:
    """A model that was found, and what the catalog knows of it."""

    listing: Listing
    known: Proposal | None


@dataclass(frozen=True)
class Tested:
    """What a free call found."""

    check: Check
    models: tuple[Found, ...]


def connection_of(kind: str, *, base_url: str, dialect: str, secret: str) -> Draft:
    """Return where to call, and how. Raises `ValidationError`."""
    if kind not in KINDS:
        raise ValidationError({"kind": f"{kind!r} is no kind of provider: use {', '.join(KINDS)}"})
    known = KINDS[kind]
    if dialect and dialect not in known.dialects:
        raise ValidationError(
            {"dialect": f"{dialect!r} is not spoken there: use {' or '.join(known.dialects)}"}
        )
    return Draft(
        kind=kind,
        name=known.label,
        slug=_SLUG,
        base_url=base_url or known.base_url,
        dialect=dialect or known.dialects[0],
        secret=secret,
    )


def tested(draft: Draft) -> Tested:
    """Ask for the list of models, which costs nothing, and look up what the catalog knows of each."""
    check = try_connection(
        KINDS[draft.kind], base_url=draft.base_url, dialect=draft.dialect, secret=draft.secret
    )
    known = proposals(draft.kind, [row.upstream_id for row in check.listings], clock.now())
    return Tested(check, tuple(Found(row, known.get(row.upstream_id)) for row in check.listings))


def priced(draft: Draft, upstream_id: str, *, input_price: str = "", output_price: str = "") -> Draft:
    """Return the draft with a model and its price: the given one, else what the catalog proposes.

    Without either the price is unknown. Raises `ValidationError` on half a price.
    """
    if bool(input_price) != bool(output_price):
        raise ValidationError({"input": "give the price of input and of output, or neither"})
    if not input_price:
        found = proposals(draft.kind, [upstream_id], clock.now()).get(upstream_id)
        if found and found.rates:
            input_price, output_price = (
                format(each, "f") for each in (found.rates.input, found.rates.output)
            )
    terms = Terms(upstream_id, "priced" if input_price else "unknown", input_price, output_price)
    return replace(draft, chosen=(upstream_id,), terms={upstream_id: terms})


def at_most_nano(draft: Draft) -> int | None:
    """Return what the first call of the chosen model may cost at most; None where its price is unknown."""
    return bound_nano(draft, draft.chosen[0])


def call_once(*, actor: Actor, draft: Draft) -> FirstCall:
    """Make one small call of the chosen model, which is audited and in the ledger.

    Its record has no provider: there is none yet. Raises `ValidationError` where it may not be made.
    """
    draft = replace(draft, base_url=checked_url(draft.base_url))
    if draft.secret:
        draft = replace(draft, secret=checked_secret(draft.secret))
    try:
        return make_call(actor=actor, draft=draft, upstream_id=draft.chosen[0])
    except NotNow as refusal:
        raise ValidationError({"upstream_id": str(refusal)}) from None
