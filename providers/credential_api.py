"""Credentials of providers in the management API: written, weighed, used again; never read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import Field

from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.credential import remove_credential, set_credential
from providers.credential_now import CredentialNow, State, credentials_now
from providers.credential_state import set_weight, use_again
from providers.models import Credential, Provider
from providers.weights import MAX_WEIGHT

router = Router()
Slug = Annotated[str, Field(min_length=1, max_length=64)]
Label = Annotated[str, Field(min_length=1, max_length=60)]
Secret = Annotated[str, Field(min_length=1, max_length=4000, json_schema_extra={"writeOnly": True})]
Weight = Annotated[
    int, Field(ge=0, le=MAX_WEIGHT, description="share of the calls; 0: only when no other can be used")
]


class CredentialSecret(Input):
    """A secret to keep, or the reference (`env:NAME`, `file:PATH`) it is read from. Never read back."""

    secret: Secret | None = None
    reference: Annotated[str, Field(max_length=300)] | None = None
    weight: Weight | None = None


class CredentialIn(CredentialSecret):
    """One more credential of a provider."""

    label: Label = "default"


class CredentialChange(Input):
    """What can be changed of a credential without its secret."""

    weight: Weight


class CredentialOut(Output):
    """A credential, without its secret. `share` is its part of the calls while none rests."""

    label: str
    hint: str
    reference: str
    state: State
    weight: int
    share: float | None
    resting_model: str
    resting_until: datetime | None
    disabled_reason: str
    disabled_at: datetime | None
    checked_at: datetime | None
    check_outcome: str
    check_message: str
    since: datetime


def credential_out(each: CredentialNow) -> CredentialOut:
    """Return a credential as programs read it."""
    row = each.row
    return CredentialOut(
        label=row.label,
        hint=row.hint,
        reference=row.reference,
        state=each.state,
        weight=row.weight,
        share=each.share,
        resting_model=each.rests_for,
        resting_until=each.rests_until,
        disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at,
        checked_at=row.checked_at,
        check_outcome=row.check_outcome,
        check_message=row.check_message,
        since=row.created_at,
    )


def find_provider(slug: str, rows: QuerySet[Provider] | None = None) -> Provider:
    """Return the provider of this short name, of `rows` where they are given. Raises `Http404`."""
    found = (Provider.objects.listed() if rows is None else rows).filter(slug=slug).first()
    if found is None:
        raise Http404(f"no provider {slug!r}: see GET /api/v1/providers")
    return found


def _credential(provider: Provider, label: str) -> CredentialOut:
    """Return one of a provider's credentials. Raises `Http404`."""
    for each in credentials_now(provider.credentials.all()):
        if each.row.label == label:
            return credential_out(each)
    raise Http404(f"{provider.slug} has no credential {label!r}: list them first")


@router.get("/providers/{slug}/credentials", response={200: Page[CredentialOut], **REFUSALS})
def list_credentials(
    request: HttpRequest, slug: Slug, cursor: Cursor = "", limit: Limit = 50
) -> Page[CredentialOut]:
    """List the credentials of a provider by label, each with its state and its share of the calls."""
    caller(request, "view")
    provider = find_provider(slug)
    now = {each.row.pk: credential_out(each) for each in credentials_now(provider.credentials.all())}
    return page(provider.credentials.all(), lambda row: now[row.pk], by="label", cursor=cursor, limit=limit)


@router.post("/providers/{slug}/credentials", response={201: CredentialOut, **REFUSALS})
def add_credential(request: HttpRequest, slug: Slug, body: CredentialIn) -> Status[CredentialOut]:
    """Keep one more credential; a label that is taken is refused: replace that one by PUT."""
    actor, provider = caller(request, "configure"), find_provider(slug)
    with transaction.atomic():
        if Credential.objects.select_for_update().filter(provider=provider, label=body.label).exists():
            raise ValidationError({"label": f"{body.label!r} is there: PUT replaces it, another label adds"})
        set_credential(actor=actor, provider=provider, **body.model_dump())
    return Status(201, _credential(provider, body.label))


# Before the addresses that end in a label: a label may hold a slash.
@router.post(
    "/providers/{slug}/credentials/{path:label}/use-again", response={200: CredentialOut, **REFUSALS}
)
def use_credential_again(request: HttpRequest, slug: Slug, label: Label) -> CredentialOut:
    """Use a credential again that was taken out; one that is in use stays so."""
    actor, provider = caller(request, "configure"), find_provider(slug)
    _credential(provider, label)
    use_again(actor=actor, provider=provider, label=label)
    return _credential(provider, label)


@router.put("/providers/{slug}/credentials/{path:label}", response={200: CredentialOut, **REFUSALS})
def keep_credential(request: HttpRequest, slug: Slug, label: Label, body: CredentialSecret) -> CredentialOut:
    """Set or replace a credential; without a `weight` a replaced one keeps its own."""
    actor, provider = caller(request, "configure"), find_provider(slug)
    set_credential(actor=actor, provider=provider, label=label, **body.model_dump())
    return _credential(provider, label)


@router.patch("/providers/{slug}/credentials/{path:label}", response={200: CredentialOut, **REFUSALS})
def weigh_credential(request: HttpRequest, slug: Slug, label: Label, body: CredentialChange) -> CredentialOut:
    """Change the share of the calls that a credential gets beside the others."""
    actor, provider = caller(request, "configure"), find_provider(slug)
    _credential(provider, label)
    set_weight(actor=actor, provider=provider, label=label, weight=body.weight)
    return _credential(provider, label)


@router.delete("/providers/{slug}/credentials/{path:label}", response={204: None, **REFUSALS})
def end_credential(request: HttpRequest, slug: Slug, label: Label) -> Status[None]:
    """Remove a credential."""
    actor, provider = caller(request, "configure"), find_provider(slug)
    _credential(provider, label)
    remove_credential(actor=actor, provider=provider, label=label)
    return Status(204, None)
