"""Providers in the management API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.credential_api import CredentialOut, credential_out, find_provider
from providers.credential_now import credentials_now
from providers.evidence_models import Degradation, KeptScore
from providers.health import next_check
from providers.models import Provider, StatusChange
from providers.provider import create_provider, pause_provider, remove_provider, update_provider
from providers.saved_check import check_and_save
from providers.support import support_of

router = Router()
Slug = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class ProviderIn(Input):
    """A provider to add."""

    slug: Slug
    name: Name
    kind: Annotated[str, Field(max_length=20)] = "custom"
    base_url: Annotated[str, Field(max_length=300)] = ""
    dialect: Annotated[str, Field(max_length=20)] = ""
    needs_credential: bool | None = None


class ProviderChange(Input):
    """What can be changed; a new base URL clears the credentials, which were meant for the old one."""

    name: Name | None = None
    base_url: Annotated[str, Field(max_length=300)] | None = None
    paused_reason: Annotated[str, Field(max_length=200)] | None = None


class ScoreOut(Output):
    """A score, 0 to 100, and the three terms that sum to it."""

    value: Decimal
    reliability: Decimal  # 60 at most
    latency: Decimal  # 25 at most
    throughput: Decimal  # 15 at most


class EvidenceOut(Output):
    """What is known of a provider from its calls of the last 2 hours; medians by the age of calls."""

    score: ScoreOut | None  # null below 20 calls, each by its age
    calls: int
    failed: int
    last_call_at: datetime | None
    latency_ms: int | None
    ttft_ms: int | None
    tokens_per_second: float | None
    degraded: list[str]  # models that do worse than they usually do there
    reckoned_at: datetime | None  # null: no call in the last hours


class ProviderOut(Output):
    """A provider and what is known of it."""

    slug: str
    name: str
    kind: str
    dialect: str
    base_url: str
    needs_credential: bool
    paused_reason: str
    credentials: list[CredentialOut]
    checked_at: datetime | None
    check_outcome: str
    check_message: str
    check_latency_ms: int | None
    health: str  # up, down, refused, or "" while nothing is known: settled by checks in a row
    health_since: datetime | None
    next_check_at: datetime | None
    evidence: EvidenceOut
    support: list[str]  # what calls in its dialect can ask for, in the catalog's words


class StatusChangeOut(Output):
    """The health of a provider changed: what it was, what it is, and the check that settled it."""

    id: int
    at: datetime
    before: str
    after: str
    evidence: str


def _provider(provider: Provider) -> ProviderOut:
    return ProviderOut(
        slug=provider.slug,
        name=provider.name,
        kind=provider.kind,
        dialect=provider.dialect,
        base_url=provider.base_url,
        needs_credential=provider.needs_credential,
        paused_reason=provider.paused_reason,
        credentials=[credential_out(each) for each in credentials_now(provider.credentials.all())],
        checked_at=provider.checked_at,
        check_outcome=provider.check_outcome,
        check_message=provider.check_message,
        check_latency_ms=provider.check_latency_ms,
        health=provider.health,
        health_since=provider.health_since,
        next_check_at=next_check(provider),
        evidence=_evidence(provider),
        support=sorted(support_of(provider)),
    )


def _evidence(provider: Provider) -> EvidenceOut:
    """Return what was worked out last; the rows were read with the provider."""
    kept = next((row for row in provider.scores.all() if not row.target_id), None)
    degraded = {row.label for row in provider.degradations.all() if row.ended_at is None}
    return EvidenceOut(
        score=score_out(kept),
        calls=kept.calls if kept else 0,
        failed=kept.ill if kept else 0,
        last_call_at=kept.last_call_at if kept else None,
        latency_ms=_whole(kept.latency_ms) if kept else None,
        ttft_ms=_whole(kept.ttft_ms) if kept else None,
        tokens_per_second=kept.tokens_per_second if kept else None,
        degraded=sorted(degraded),
        reckoned_at=kept.at if kept else None,
    )


def score_out(kept: KeptScore | None) -> ScoreOut | None:
    """Return a score with its terms."""
    found = kept.score if kept else None
    if found is None:
        return None
    return ScoreOut(
        value=found.value,
        reliability=found.reliability,
        latency=found.latency,
        throughput=found.throughput,
    )


def _whole(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


def _found(slug: str) -> Provider:
    return find_provider(slug, _listed())


def _listed() -> QuerySet[Provider]:
    open_ = Degradation.objects.filter(ended_at=None)
    rows = Provider.objects.listed().counted()
    return rows.prefetch_related("credentials", "scores", Prefetch("degradations", open_))


@router.get("/providers", response={200: Page[ProviderOut], **REFUSALS})
def list_providers(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[ProviderOut]:
    """List the providers by short name."""
    caller(request, "view")
    return page(_listed(), _provider, by="slug", cursor=cursor, limit=limit)


@router.post("/providers", response={201: ProviderOut, **REFUSALS})
def add_provider(request: HttpRequest, body: ProviderIn) -> Status[ProviderOut]:
    """Add a provider; its credential comes in a call of its own."""
    provider = create_provider(actor=caller(request, "configure"), **body.model_dump())
    return Status(201, _provider(_found(provider.slug)))


@router.get("/providers/{slug}", response={200: ProviderOut, **REFUSALS})
def show_provider(request: HttpRequest, slug: Slug) -> ProviderOut:
    """Show one provider."""
    caller(request, "view")
    return _provider(_found(slug))


@router.patch("/providers/{slug}", response={200: ProviderOut, **REFUSALS})
def change_provider(request: HttpRequest, slug: Slug, body: ProviderChange) -> ProviderOut:
    """Rename, move to another base URL, pause with a reason or resume with an empty one."""
    actor, provider = caller(request, "configure"), _found(slug)
    changed = body.model_dump(exclude_none=True, exclude={"paused_reason"})
    if changed:
        update_provider(actor=actor, provider=provider, **changed)
    if body.paused_reason is not None:
        pause_provider(actor=actor, provider=provider, reason=body.paused_reason)
    return _provider(_found(slug))


@router.delete("/providers/{slug}", response={204: None, **REFUSALS})
def end_provider(request: HttpRequest, slug: Slug) -> Status[None]:
    """Remove a provider; what it cost stays in the ledger."""
    remove_provider(actor=caller(request, "configure"), provider=_found(slug))
    return Status(204, None)


@router.post("/providers/{slug}/checks", response={201: ProviderOut, **REFUSALS})
def check_provider(request: HttpRequest, slug: Slug) -> Status[ProviderOut]:
    """Ask the provider for its model list now, with each credential: free calls that show who answers."""
    caller(request, "configure")
    check_and_save(_found(slug))
    return Status(201, _provider(_found(slug)))


@router.get("/providers/{slug}/status-changes", response={200: Page[StatusChangeOut], **REFUSALS})
def list_status_changes(
    request: HttpRequest, slug: Slug, cursor: Cursor = "", limit: Limit = 50
) -> Page[StatusChangeOut]:
    """List when a provider went down and came up, the newest first."""
    caller(request, "view")
    rows = StatusChange.objects.filter(provider=_found(slug))
    return page(rows, _status_change, by="-id", cursor=cursor, limit=limit)


def _status_change(row: StatusChange) -> StatusChangeOut:
    return StatusChangeOut(id=row.pk, at=row.at, before=row.before, after=row.after, evidence=row.evidence)
