"""The providers of a model side by side: what each had of its calls, and how each of its offers did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.offer_figures import OfferFigures
from billing.span import DEFAULT
from catalog.latency import OfferTimes, offer_times
from catalog.models import CatalogEntry
from providers.evidence_models import KeptScore
from providers.models import Provider
from providers.score_read import of_offers

_HOURS = int(DEFAULT.total_seconds() // 3600)


@dataclass(frozen=True)
class ProviderPart:
    """What one provider had of the calls of a model; offers under several ids there cost together."""

    provider: Provider
    upstream_ids: tuple[str, ...]  # () where it offers the model no more
    figures: OfferFigures
    score: KeptScore | None = None  # None: it had no calls in the last hours
    offers: tuple[OfferTimes, ...] = ()  # where it has several: those of them that had attempts

    @property
    def attempts(self) -> int:
        """The attempts at all of these."""
        return sum(each.tally.attempts for each in self.offers)


def parts_of(entry: CatalogEntry, found: dict[int, OfferFigures], *, now: datetime) -> list[ProviderPart]:
    """Return the providers in the order in which they are tried, then those that offer it no more."""
    current = entry.offers.filter(withdrawn_at=None, provider__removed_at=None).select_related("provider")
    upstream_ids: dict[int, list[str]] = {}
    providers: dict[int, Provider] = {}
    current = current.order_by("rank", "id")
    for offer in current:
        upstream_ids.setdefault(offer.provider_id, []).append(offer.upstream_id)
        providers[offer.provider_id] = offer.provider
    gone = Provider.objects.in_bulk(found.keys() - providers.keys())
    scores = _scores([offer.pk for offer in current])
    several = len(current) > len(providers)
    offers = _by_provider(entry, now) if several else {}
    return [
        ProviderPart(
            provider,
            tuple(upstream_ids.get(id_, ())),
            found.get(id_, OfferFigures()),
            scores.get(id_),
            tuple(offers.get(id_, ())) if len(upstream_ids.get(id_, ())) > 1 else (),
        )
        for id_, provider in {**providers, **gone}.items()
    ]


def _by_provider(entry: CatalogEntry, now: datetime) -> dict[int, list[OfferTimes]]:
    found: dict[int, list[OfferTimes]] = defaultdict(list)
    for each in offer_times(now, hours=_HOURS, model=entry.slug):
        found[each.offer.provider_id].append(each)
    return found


def _scores(offers: Sequence[int]) -> dict[int, KeptScore]:
    """Return the scores of a model's offers by provider: of several there that of the busiest."""
    kept = sorted(of_offers(offers).values(), key=lambda row: row.calls)
    return {row.provider_id: row for row in kept}
