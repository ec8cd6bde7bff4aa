"""Prices over time, what the lists say, and what is leaving, in the management API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from catalog.listing_text import plain
from catalog.models import CatalogEntry
from catalog.price_history import Said, history, sources
from catalog.retirement import leaving
from catalog.shapes import PriceOut, price_out
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Output, Page
from llmhub.people.api_access import caller

router = Router()
ModelId = Annotated[str, Field(min_length=1, max_length=200)]


class PriceStepOut(PriceOut):
    """A price that one offer had, or has, or will have."""

    provider: str
    upstream_id: str
    until: datetime | None  # null: nothing comes after it yet
    ended: bool  # true: from `until` on it was unknown what the offer costs


class SaidOut(Output):
    """One fact by the catalog and by its provider's list; the list may say nothing (null)."""

    fact: str
    catalog: Any
    listed: Any
    differs: bool


class SourcesOut(Output):
    """What the catalog and a provider's list say of one offer."""

    provider: str
    upstream_id: str
    is_listed: bool  # false: the list holds it no more
    is_price_unsaid: bool  # true: the price in force is from its list, which says none any more
    facts: list[SaidOut]


class LeavingOut(Output):
    """A model that is leaving: when, and what to use instead."""

    model: str
    source: str
    stage: str
    deprecated_on: date | None
    sunset_on: date | None
    days_left: int | None
    replacement: str


def _entry(model: str) -> CatalogEntry:
    found = CatalogEntry.objects.filter(slug=model).first()
    if found is None:
        raise Http404(f"no model {model!r}: see GET /api/v1/models")
    return found


@router.get("/prices", response={200: Page[PriceStepOut], **REFUSALS})
def list_prices(request: HttpRequest, model: ModelId) -> Page[PriceStepOut]:
    """List every base price the offers of a model had, the newest first, each with its source."""
    caller(request, "read")
    steps = history(_entry(model))
    return Page(
        data=[
            PriceStepOut(
                **price_out(step.price).model_dump(),
                provider=step.offer.provider.slug,
                upstream_id=step.offer.upstream_id,
                until=step.until,
                ended=step.ended,
            )
            for step in steps
        ]
    )


@router.get("/sources", response={200: Page[SourcesOut], **REFUSALS})
def list_sources(request: HttpRequest, model: ModelId) -> Page[SourcesOut]:
    """Show what the catalog says of each offer of a model beside what its provider's list says now."""
    caller(request, "read")
    return Page(
        data=[
            SourcesOut(
                provider=row.offer.provider.slug,
                upstream_id=row.offer.upstream_id,
                is_listed=row.listed.vanished_at is None,
                is_price_unsaid=row.is_price_unsaid,
                facts=[_said(said) for said in row.facts],
            )
            for row in sources(_entry(model), clock.now())
        ]
    )


def _said(said: Said) -> SaidOut:
    both = plain({"catalog": said.ours, "listed": said.theirs})
    return SaidOut(fact=said.label, differs=said.differs, **both)


@router.get("/retirements", response={200: Page[LeavingOut], **REFUSALS})
def list_retirements(request: HttpRequest, discovered: bool = False) -> Page[LeavingOut]:
    """List the models that are leaving, the next to end first; curated ones unless asked otherwise."""
    caller(request, "read")
    return Page(
        data=[
            LeavingOut(
                model=row.entry.slug,
                source=row.entry.source,
                stage=row.stage,
                deprecated_on=row.entry.deprecated_on,
                sunset_on=row.entry.sunset_on,
                days_left=row.days_left,
                replacement=row.entry.replacement,
            )
            for row in leaving(clock.now().date(), discovered=discovered)
        ]
    )
