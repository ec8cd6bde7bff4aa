"""Work out how offers do, beside others of the same model, from what the gateways counted.

The catalog knows which offers are of one model; what is found is kept by `providers`, whose pages show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from catalog.models import Offer
from llmhub.lib import clock
from providers import degradation_watch, statistics_rows
from providers.decay import Decayed, decayed, median
from providers.degradation_watch import Baselines, Recent, Watched, minute_of
from providers.evidence_models import KeptScore
from providers.score import LEAST_CALLS, Evidence, Part, provider_score, wilson_lower
from providers.statistics import MINUTE, REMEMBERED
from providers.tally import PER_SECOND, Tally, merged

COUNTED = 120  # minutes whose calls are told beside a score
_KEY = ("provider", "target_id")
_VALUES = [each.name for each in KeptScore._meta.concrete_fields if each.name not in ("id", *_KEY)]
_AT_ONCE = 50  # rows in one transaction
_baselines = Baselines()


def look(now: datetime | None = None, *, baselines: Baselines | None = None) -> int:
    """Work out scores, and what degraded; return how many offers had calls. Safe to run twice."""
    now = now or clock.now()
    recent = _recent(minute_of(now))
    offers = _offers(recent)
    groups: dict[int, list[Offer]] = {}
    for offer in offers:
        groups.setdefault(offer.entry_id, []).append(offer)
    _keep(list(_scores(groups, recent, now)), now)
    watched = [
        [Watched(offer.pk, offer.provider_id, offer.entry.slug) for offer in group]
        for group in groups.values()
    ]
    degradation_watch.watch(watched, recent, now, baselines or _baselines)
    return len(offers)


def _recent(minute: int) -> dict[int, list[tuple[int, Tally]]]:
    """Return what was counted in the last hours, by offer."""
    found: dict[int, list[tuple[int, Tally]]] = {}
    for kept in statistics_rows.since(minute - REMEMBERED):
        found.setdefault(kept.target_id, []).append((kept.minute, kept.tally))
    return found


def _offers(recent: Recent) -> list[Offer]:
    rows = Offer.objects.filter(pk__in=list(recent), withdrawn_at=None, provider__removed_at=None)
    return list(rows.select_related("entry", "provider").order_by("id"))


def _scores(groups: Mapping[int, Sequence[Offer]], recent: Recent, now: datetime) -> Iterator[KeptScore]:
    minute = minute_of(now)
    weighed = {
        offer.pk: decayed(recent[offer.pk], minute=minute) for group in groups.values() for offer in group
    }
    of_provider: dict[int, list[tuple[Offer, Part]]] = {}
    for group in groups.values():
        for offer in group:
            peers = [weighed[other.pk].evidence for other in group if other is not offer]
            part = Part(weighed[offer.pk].evidence, peers)
            of_provider.setdefault(offer.provider_id, []).append((offer, part))
            kept = _row([part], [weighed[offer.pk]], recent[offer.pk], now)
            kept.target_id, kept.label, kept.provider_id = offer.pk, offer.entry.slug, offer.provider_id
            kept.peers = len(_compared(part))
            yield kept
    for provider_id, found in of_provider.items():
        minutes = [row for offer, _ in found for row in recent[offer.pk]]
        kept = _row([part for _, part in found], [weighed[offer.pk] for offer, _ in found], minutes, now)
        kept.provider_id, kept.peers = provider_id, sum(len(_compared(part)) for _, part in found)
        yield kept


def _row(
    parts: Sequence[Part], weighed: Sequence[Decayed], minutes: Sequence[tuple[int, Tally]], now: datetime
) -> KeptScore:
    first = minute_of(now) - COUNTED
    counted = merged([tally for minute, tally in minutes if minute > first])
    found, whole = provider_score(parts), _together(weighed)
    last = max(minute for minute, _ in minutes)
    speed = median(whole.speed)
    return KeptScore(
        at=now,
        weight=whole.well + whole.ill,
        calls=counted.calls,
        ill=counted.ill,
        attempts=counted.attempts,
        last_call_at=min(now, datetime.fromtimestamp(last * MINUTE, UTC)),
        reliability=None if found is None else int(found.reliability * 10),
        latency=None if found is None else int(found.latency * 10),
        throughput=None if found is None else int(found.throughput * 10),
        sure=wilson_lower(whole.well, whole.well + whole.ill),
        latency_ms=median(whole.latency),
        ttft_ms=median(whole.ttft),
        tokens_per_second=None if speed is None else speed / PER_SECOND,
    )


def _compared(part: Part) -> list[Evidence]:
    """Return those of its peers that have calls enough to be compared with."""
    return [peer for peer in part.peers if peer.calls >= LEAST_CALLS]


def _together(parts: Sequence[Decayed]) -> Decayed:
    whole = Decayed(parts[0].minute)
    for part in parts:
        whole.join(part)
    return whole


def _keep(rows: Sequence[KeptScore], now: datetime) -> None:
    """Save what was found; of what had no call for hours nothing is kept."""
    for start in range(0, len(rows), _AT_ONCE):
        with transaction.atomic():
            KeptScore.objects.bulk_create(
                rows[start : start + _AT_ONCE],
                update_conflicts=True,
                unique_fields=_KEY,
                update_fields=_VALUES,
            )
    KeptScore.objects.filter(at__lt=now - timedelta(minutes=1)).delete()
