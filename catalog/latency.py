"""How long the calls of each offer took in the last hours, with its failures and its score."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from catalog.models import Offer
from providers import statistics_rows
from providers.degradation_watch import minute_of
from providers.evidence_models import KeptScore
from providers.score_read import of_offers
from providers.tally import PER_SECOND, Tally

MOST_HOURS = 168


@dataclass
class OfferTimes:
    """What was counted of one offer."""

    offer: Offer
    tally: Tally = field(default_factory=Tally)
    score: KeptScore | None = None  # None: no call in the last hours

    @property
    def errors(self) -> int:
        """Attempts that were not answered, by whose fault ever, but for callers that left."""
        return self.tally.attempts - self.tally.well - self.tally.of("caller_left")

    @property
    def latency_p50_ms(self) -> int | None:
        """Half of the answers came within this; None without any."""
        return self.tally.latency.percentile(50)

    @property
    def ttft_p50_ms(self) -> int | None:
        """Half of the streams began within this; None without any."""
        return self.tally.ttft.percentile(50)

    def speed(self, percent: int) -> float | None:
        """Return tokens per second that so many percent do not exceed."""
        tenths = self.tally.speed.percentile(percent)
        return None if tenths is None else tenths / PER_SECOND


def offer_times(now: datetime, *, hours: int, provider: str = "", model: str = "") -> list[OfferTimes]:
    """Return the offers that had calls, by model and provider; only those of whatever is named."""
    rows = Offer.objects.filter(withdrawn_at=None, provider__removed_at=None)
    if provider:
        rows = rows.filter(provider__slug=provider)
    if model:
        rows = rows.filter(entry__slug=model)
    rows = rows.select_related("entry", "provider")
    named = {row.pk: row for row in rows} if provider or model else None
    tallies: dict[int, Tally] = {}
    for kept in statistics_rows.since(minute_of(now) - hours * 60, targets=named):
        tallies.setdefault(kept.target_id, Tally()).merge(kept.tally)
    offers = rows.in_bulk(list(tallies)) if named is None else named
    scores = of_offers(tallies)
    found = [
        OfferTimes(offers[target_id], tally, scores.get(target_id))
        for target_id, tally in tallies.items()
        if target_id in offers
    ]
    return sorted(found, key=lambda row: (row.offer.entry.slug, row.offer.provider.slug, row.offer.pk))
