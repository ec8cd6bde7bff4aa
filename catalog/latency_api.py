"""How long calls take, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from catalog.latency import MOST_HOURS, OfferTimes, offer_times
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Output, Page
from llmhub.people.api_access import caller
from providers.api import ScoreOut, score_out

router = Router()
Hours = Annotated[int, Query(ge=1, le=MOST_HOURS)]
Name = Annotated[str, Field(max_length=200)]


class TimesOut(Output):
    """Percentiles of what calls took; null where nothing was counted."""

    p50: float | None
    p95: float | None
    p99: float | None


class LatencyOut(Output):
    """One offer: what its calls of these hours came to, and its score now."""

    model: str
    provider: str
    upstream_id: str
    attempts: int  # of every kind
    calls: int  # that say something about the offer
    failed: int  # of them, by its illness
    rate_limited: int
    latency_ms: TimesOut  # of whole calls that were answered
    ttft_ms: TimesOut
    tokens_per_second: float | None  # median
    score: ScoreOut | None  # null below 20 calls, each by its age


@router.get("/reports/latency", response={200: Page[LatencyOut], **REFUSALS})
def report_latency(
    request: HttpRequest, hours: Hours = 24, provider: Name = "", model: Name = ""
) -> Page[LatencyOut]:
    """Report how long the calls of each offer took in the last hours, with failures and scores."""
    caller(request, "view")
    found = offer_times(clock.now(), hours=hours, provider=provider, model=model)
    return Page(data=[_row(each) for each in found])


def _row(each: OfferTimes) -> LatencyOut:
    tally = each.tally
    return LatencyOut(
        model=each.offer.entry.slug,
        provider=each.offer.provider.slug,
        upstream_id=each.offer.upstream_id,
        attempts=tally.attempts,
        calls=tally.calls,
        failed=tally.ill,
        rate_limited=tally.of("rate_limited"),
        latency_ms=TimesOut(**{f"p{each}": tally.latency.percentile(each) for each in (50, 95, 99)}),
        ttft_ms=TimesOut(**{f"p{each}": tally.ttft.percentile(each) for each in (50, 95, 99)}),
        tokens_per_second=each.speed(50),
        score=score_out(each.score),
    )
