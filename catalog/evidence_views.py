"""How the calls of a provider went: its score with its terms, its offers, and charts of a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from catalog.models import Offer
from catalog.offer_charts import charts, last_day
from llmhub.lib import clock, figures
from llmhub.lib.pages import render_page
from llmhub.people.access import needs
from providers import score
from providers.degradation_words import said_of
from providers.evidence_models import Degradation, KeptScore
from providers.models import Provider

_SHOWN = 10  # degradations that are over


@dataclass(frozen=True)
class Term:
    """One term of a score: its points of how many, and what they are of."""

    name: str
    points: Decimal
    most: int
    words: str

    @property
    def percent(self) -> float:
        """How much of it was reached."""
        return float(self.points) / self.most * 100


@require_GET
@needs("view")
def provider_evidence(request: HttpRequest, slug: str) -> HttpResponse:
    """How the calls of one provider went: a panel of its page, and a page of its own."""
    provider, now = get_object_or_404(Provider.objects.listed(), slug=slug), clock.now()
    kept = list(provider.scores.all())
    whole = next((row for row in kept if not row.target_id), None)
    offers = Offer.objects.filter(provider=provider, withdrawn_at=None).values_list("pk", flat=True)
    quarters = last_day(list(offers), now)
    past = [quarter for quarter in quarters if quarter.tally.attempts]
    degraded = list(provider.degradations.filter(ended_at=None))
    context = {
        "provider": provider,
        "whole": whole,
        "terms": list(terms(whole)) if whole else [],
        "rows": [row for row in kept if row.target_id],
        "charts": charts(quarters) if past else [],
        "quarters": past[::-1],
        "degraded": [(row, said_of(row.measure)) for row in degraded],
        "ill_targets": {row.target_id for row in degraded},
        "over": [(row, said_of(row.measure)) for row in _over(provider)],
        "least": score.LEAST_CALLS,
    }
    return render_page(
        request,
        page="catalog/provider_evidence.html",
        partial="catalog/_provider_evidence.html",
        context=context,
    )


def _over(provider: Provider) -> list[Degradation]:
    return list(provider.degradations.exclude(ended_at=None)[:_SHOWN])


def terms(kept: KeptScore) -> Iterator[Term]:
    """Yield the terms of a score with what they are made of; nothing where there is none."""
    found = kept.score
    if found is None:
        return
    answered = (
        f"{figures.count(kept.calls - kept.ill)} of {figures.count(kept.calls)} calls answered in 2 hours"
    )
    yield Term(
        "Reliability", found.reliability, score.RELIABILITY, f"{answered}; sure of {kept.sure * 100:.1f} %"
    )
    beside = "nobody to compare with" if not kept.peers else "beside the fastest that serves the same"
    yield Term(
        "Latency", found.latency, score.LATENCY, f"half take {figures.duration(kept.latency_ms)}; {beside}"
    )
    speed = kept.tokens_per_second
    said = "no tokens to count" if speed is None else f"{speed:.0f} tokens/s in the middle; {beside}"
    yield Term("Throughput", found.throughput, score.THROUGHPUT, said)
