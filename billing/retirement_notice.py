"""The digest of models that end soon and are still called: 60, 30, 7 and 1 days before."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.callers import callers
from billing.retirement_models import RetirementNotice
from catalog.models import CatalogEntry
from llmhub.lib import clock

THRESHOLDS = (60, 30, 7, 1)  # days before the end


def notice_due(now: datetime | None = None) -> list[RetirementNotice]:
    """Write down who still calls the models that end soon; each threshold of each end once."""
    now = now or clock.now()
    today = now.date()
    soon = CatalogEntry.objects.listed().filter(
        source=CatalogEntry.Source.CURATED,
        sunset_on__gt=today,
        sunset_on__lte=today + timedelta(days=max(THRESHOLDS)),
    )
    return [made for entry in soon if (made := _notice(entry, now))]


def _notice(entry: CatalogEntry, now: datetime) -> RetirementNotice | None:
    """Return the notice of the threshold that was crossed last, where it is new."""
    assert entry.sunset_on is not None
    left = (entry.sunset_on - now.date()).days
    threshold = min(days for days in THRESHOLDS if days >= left)
    same = {"entry": entry, "sunset_on": entry.sunset_on, "threshold_days": threshold}
    if RetirementNotice.objects.filter(**same).exists():
        return None
    told = [
        {"key": row.key.name, "team": row.key.team.slug, "requests": row.requests}
        for row in callers(entry.pk, now=now)
    ]
    notice, is_new = RetirementNotice.objects.get_or_create(**same, defaults={"at": now, "callers": told})
    return notice if is_new else None


def still_called(now: datetime) -> list[RetirementNotice]:
    """Return the last notice of each model that has not ended and that somebody calls, the next end first."""
    rows = RetirementNotice.objects.filter(sunset_on__gt=now.date(), entry__withdrawn_at=None)
    latest: dict[int, RetirementNotice] = {}
    for row in rows.select_related("entry").order_by("id"):
        if row.sunset_on == row.entry.sunset_on:
            latest[row.entry_id] = row
    return sorted((row for row in latest.values() if row.callers), key=lambda row: row.sunset_on)
