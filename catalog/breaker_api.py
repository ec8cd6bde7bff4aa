"""Breakers of offers in the management API: how they stand, what they did, closing one by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from catalog.breakers import BreakerNow, breakers_of, close_breaker, offers_with_breakers
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Cursor, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.breaker_models import BreakerEvent
from providers.credential_api import find_provider

router = Router()
Slug = Annotated[str, Field(max_length=64)]


class BreakerEventOut(Output):
    """The breaker of an offer changed: from what to what, why, and by which numbers."""

    id: int
    offer: int
    at: datetime
    before: str
    after: str
    reason: str
    process: str  # the gateway that saw it; "" where a person closed it
    failures: int  # in a row
    calls: int  # that ended in the last 10 seconds
    failed: int  # of those
    open_until: datetime | None
    times_opened: int  # since it last closed
    error_code: str
    http_status: int  # 0: no answer
    by: str  # who closed it by hand


class BreakerOut(Output):
    """How the breaker of an offer stands."""

    offer: int
    model: str
    provider: str
    upstream_id: str
    state: str  # closed, open or half_open: the next call tries it
    since: datetime
    open_until: datetime | None  # null unless it is open
    opened: BreakerEventOut | None  # when it opened last


def breaker_out(row: BreakerNow) -> BreakerOut:
    """Return a breaker as programs read it."""
    return BreakerOut(
        offer=row.offer.pk,
        model=row.offer.entry.slug,
        provider=row.offer.provider.slug,
        upstream_id=row.offer.upstream_id,
        state=row.state,
        since=row.last.at,
        open_until=row.open_until,
        opened=event_out(row.opened) if row.opened else None,
    )


def event_out(row: BreakerEvent) -> BreakerEventOut:
    """Return an event as programs read it."""
    names = BreakerEventOut.model_fields.keys() - {"id", "offer"}
    return BreakerEventOut(id=row.pk, offer=row.target_id, **{name: getattr(row, name) for name in names})


@router.get("/breakers", response={200: Page[BreakerOut], **REFUSALS})
def list_breakers(
    request: HttpRequest, provider: Slug = "", cursor: Cursor = "", limit: Limit = 50
) -> Page[BreakerOut]:
    """List the breakers that were open within the last 30 days, by offer; all others are closed."""
    caller(request, "view")
    offers = offers_with_breakers(find_provider(provider) if provider else None)
    found = page(offers, lambda row: row, by="id", cursor=cursor, limit=limit)
    now = {row.offer.pk: breaker_out(row) for row in breakers_of(found.data, clock.now())}
    return Page(data=[now[row.pk] for row in found.data if row.pk in now], next_cursor=found.next_cursor)


@router.get("/breaker-events", response={200: Page[BreakerEventOut], **REFUSALS})
def list_breaker_events(
    request: HttpRequest,
    offer: Annotated[int | None, Field(ge=0, lt=2**63)] = None,
    provider: Slug = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[BreakerEventOut]:
    """List what breakers did, the newest first: of one offer, of one provider, or of all."""
    caller(request, "view")
    rows = BreakerEvent.objects.all()
    if offer is not None:
        rows = rows.filter(target_id=offer)
    if provider:
        rows = rows.filter(target_id__in=find_provider(provider).offers.values("pk"))
    return page(rows, event_out, by="-id", cursor=cursor, limit=limit)


@router.post("/breakers/{int:offer_id}/close", response={200: BreakerOut, **REFUSALS})
def close_one(request: HttpRequest, offer_id: int) -> BreakerOut:
    """Let calls go to an offer again, at every gateway within seconds."""
    actor = caller(request, "configure")
    offer = offers_with_breakers().filter(pk=offer_id).first()
    if offer is None:
        raise Http404(f"the breaker of offer {offer_id} was not open: see GET /api/v1/breakers")
    close_breaker(actor=actor, offer=offer)
    return breaker_out(next(row for row in breakers_of([offer], clock.now())))
