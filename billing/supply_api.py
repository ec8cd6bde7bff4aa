"""What billing knows of a provider and of a model's offers, in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from billing.attempts_read import RecentAttempt, recent_attempts
from billing.offer_figures import offer_figures
from billing.shapes import AttemptOut, attempt_out, usd
from billing.supply import ProviderPart, parts_of
from catalog.api import ModelId, find_entry
from catalog.latency import OfferTimes
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Output, Page
from llmhub.people.api_access import caller
from providers.api import ScoreOut, score_out
from providers.credential_api import find_provider

router = Router()
Slug = Annotated[str, Field(max_length=64)]


class RecentAttemptOut(AttemptOut):
    """An upstream call with the request that it was made for."""

    request_id: str
    at: datetime  # when the request came


class OfferTimesOut(Output):
    """How one of several offers of a model at one provider did."""

    upstream_id: str
    attempts: int  # which are more than requests, where one was tried again
    errors: int
    latency_p50_ms: int | None
    ttft_p50_ms: int | None


class OfferFiguresOut(Output):
    """What one provider had of the calls of a model in the last 7 days; USD, null is unknown."""

    provider: str
    upstream_ids: list[str]  # empty: it offers the model no more
    score: ScoreOut | None
    requests: int
    errors: int
    latency_p50_ms: int | None
    ttft_p50_ms: int | None
    spend: str
    unpriced: int  # requests of unknown cost, which `spend` leaves out
    cost_per_1000: str | None
    offers: list[OfferTimesOut]  # where it has several: those that had attempts


@router.get("/providers/{slug}/attempts", response={200: Page[RecentAttemptOut], **REFUSALS})
def list_attempts(request: HttpRequest, slug: Slug) -> Page[RecentAttemptOut]:
    """List the last upstream calls at a provider, the newest first: 50 at most, of 7 days."""
    caller(request, "view")
    found = recent_attempts(find_provider(slug), now=clock.now())
    return Page(data=[recent_attempt_out(each, slug) for each in found])


@router.get("/reports/offers", response={200: Page[OfferFiguresOut], **REFUSALS})
def report_offers(request: HttpRequest, model: Annotated[ModelId, Query()]) -> Page[OfferFiguresOut]:
    """Report how the offers of one model did in the last 7 days, in the order in which they are tried."""
    caller(request, "view")
    now, entry = clock.now(), find_entry(model)
    parts = parts_of(entry, offer_figures(entry.pk, now=now), now=now)
    return Page(data=[offer_figures_out(part) for part in parts])


def recent_attempt_out(each: RecentAttempt, provider: str) -> RecentAttemptOut:
    """Return an upstream call as programs read it."""
    shape = attempt_out(each.attempt, provider=provider, model=each.entry.slug if each.entry else None)
    return RecentAttemptOut(**shape.model_dump(), request_id=each.request_id, at=each.at)


def offer_figures_out(part: ProviderPart) -> OfferFiguresOut:
    """Return the figures of a provider as programs read them."""
    figures = part.figures
    return OfferFiguresOut(
        provider=part.provider.slug,
        upstream_ids=list(part.upstream_ids),
        score=score_out(part.score),
        requests=figures.requests,
        errors=figures.errors,
        latency_p50_ms=figures.latency_p50_ms,
        ttft_p50_ms=figures.ttft_p50_ms,
        spend=usd(figures.spend_nano) or "0",
        unpriced=figures.unpriced,
        cost_per_1000=usd(figures.nano_per_1000),
        offers=[_times(each) for each in part.offers],
    )


def _times(each: OfferTimes) -> OfferTimesOut:
    return OfferTimesOut(
        upstream_id=each.offer.upstream_id,
        attempts=each.tally.attempts,
        errors=each.errors,
        latency_p50_ms=each.latency_p50_ms,
        ttft_p50_ms=each.ttft_p50_ms,
    )
