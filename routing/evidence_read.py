"""What is known of offers now, read from what gateways wrote down of their calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from providers import statistics_rows
from providers.evidence_models import Degradation
from providers.live import Live
from providers.statistics import MINUTE, REMEMBERED, Statistics
from routing.snapshot import EntryValue


def live_of(entries: Iterable[EntryValue], *, now: datetime) -> dict[int, Live]:
    """Return what is known of the offers of some models, by id of the offer, as a gateway would."""
    models = {offer.id: entry.id for entry in entries for offer in entry.offers}
    if not models:
        return {}
    seconds = now.timestamp()
    found = Statistics("console")
    for kept in statistics_rows.since(int(seconds // MINUTE) - REMEMBERED, targets=list(models)):
        if kept.minutes == 1:
            found.take_in(
                kept.target_id, process=kept.process, minute=kept.minute, tally=kept.tally, now=seconds
            )
    degraded = Degradation.objects.filter(ended_at=None, target_id__in=models)
    return found.live(seconds, models=models, degraded=set(degraded.values_list("target_id", flat=True)))
