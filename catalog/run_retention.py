"""Delete old readings that changed nothing; events, and the readings that they are from, are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from catalog.discovery_models import DiscoveryRun

KEPT = timedelta(days=90)
_AT_ONCE = 500  # rows in one transaction
_DULL = (DiscoveryRun.Outcome.UNCHANGED, DiscoveryRun.Outcome.FAILED)


def clear_runs(now: datetime, *, limit: int = 10_000) -> int:
    """Delete readings without a change or an event that are older than 90 days; return how many."""
    deleted = 0
    while deleted < limit:
        old = DiscoveryRun.objects.filter(started_at__lt=now - KEPT, outcome__in=_DULL, events=None)
        some = list(old.order_by("id").values_list("pk", flat=True)[:_AT_ONCE])
        if not some:
            break
        with transaction.atomic():
            DiscoveryRun.objects.filter(pk__in=some).delete()
        deleted += len(some)
    return deleted
