"""Bound the statistics: minutes for three hours, then quarters of an hour for 35 days."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from llmhub.lib import clock
from providers.evidence_models import Degradation, MinuteStatistic
from providers.statistics import MINUTE, REMEMBERED
from providers.statistics_rows import Kept, row_of, tally_of
from providers.tally import merged

QUARTER = 15  # minutes
KEPT = timedelta(days=35)
DEGRADATIONS_KEPT = timedelta(days=400)
FOLDED = "folded"  # where the name of a process stands
_AT_ONCE = 300  # rows in one transaction: a gateway waits no longer than that takes
_PAUSE = 0.05  # seconds between two
_SECONDS = 120.0  # after which the next run goes on


def fold(now: datetime | None = None, *, pause: float = _PAUSE) -> int:
    """Fold and delete what is old, and return how many rows that took away."""
    now = now or clock.now()
    until = time.monotonic() + _SECONDS
    minute = int(now.timestamp() // MINUTE)
    before = (minute - REMEMBERED) // QUARTER * QUARTER
    gone = 0
    while time.monotonic() < until and (some := _fold_some(before)):
        gone += some
        time.sleep(pause)
    oldest = minute - int(KEPT.total_seconds() // MINUTE)
    while time.monotonic() < until and (some := _delete_some(oldest)):
        gone += some
        time.sleep(pause)
    Degradation.objects.filter(ended_at__lt=now - DEGRADATIONS_KEPT).delete()
    return gone


@transaction.atomic
def _fold_some(before: int) -> int:
    """Fold the oldest quarter that still has minutes, of some offers, and return how many rows that took."""
    single = MinuteStatistic.objects.filter(minutes=1, minute__lt=before)
    first = single.order_by("minute").values_list("minute", flat=True).first()
    if first is None:
        return 0
    quarter = first // QUARTER * QUARTER
    within = single.filter(minute__gte=quarter, minute__lt=quarter + QUARTER)
    rows = list(within.select_for_update().order_by("target_id", "id")[:_AT_ONCE])
    targets = {row.target_id for row in rows}
    there = MinuteStatistic.objects.filter(minutes=QUARTER, minute=quarter, target_id__in=targets)
    by_target: dict[int, list[MinuteStatistic]] = {}
    for row in [*rows, *there.select_for_update()]:
        by_target.setdefault(row.target_id, []).append(row)
    there.delete()
    MinuteStatistic.objects.filter(pk__in=[row.pk for row in rows]).delete()
    MinuteStatistic.objects.bulk_create(
        row_of(Kept(target, quarter, FOLDED, merged([tally_of(row) for row in found]), QUARTER))
        for target, found in by_target.items()
    )
    return len(rows)


@transaction.atomic
def _delete_some(oldest: int) -> int:
    rows = MinuteStatistic.objects.filter(minutes__in=(1, QUARTER), minute__lt=oldest)
    found = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
    return MinuteStatistic.objects.filter(pk__in=found).delete()[0]
