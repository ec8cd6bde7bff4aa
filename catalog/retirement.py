"""Which models are leaving: when, and what to use instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q

from catalog.lifecycle import Stage, days_left, stage
from catalog.models import CatalogEntry
from catalog.retirement_calendar import Mark


@dataclass(frozen=True)
class Leaving:
    """A model that is going away, or has gone."""

    entry: CatalogEntry
    stage: Stage
    days_left: int | None  # None: no day is set

    @property
    def is_urgent(self) -> bool:
        """Whether it ends within a month."""
        return self.days_left is not None and self.days_left <= 30


def stage_of(entry: CatalogEntry, today: date) -> Stage:
    """Return where an entry stands on a day."""
    return stage(
        deprecated_on=entry.deprecated_on,
        sunset_on=entry.sunset_on,
        replacement=entry.replacement,
        today=today,
    )


def leaving(today: date, *, discovered: bool = False) -> list[Leaving]:
    """Return the models that are leaving, the next to end first; those without a day last."""
    marked = Q(deprecated_on__isnull=False) | Q(sunset_on__isnull=False) | ~Q(replacement="")
    rows = CatalogEntry.objects.listed().filter(marked)
    if not discovered:
        rows = rows.filter(source=CatalogEntry.Source.CURATED)
    ordered = rows.order_by(F("sunset_on").asc(nulls_last=True), "slug")
    return [Leaving(row, stage_of(row, today), days_left(row.sunset_on, today)) for row in ordered]


def marks(rows: Iterable[Leaving]) -> Iterator[Mark]:
    """Yield the days of models that are leaving: from when one is deprecated, and when it ends."""
    for row in rows:
        entry = row.entry
        for day, is_end in ((entry.deprecated_on, False), (entry.sunset_on, True)):
            if day is not None:
                yield Mark(day, entry.slug, entry.name, is_end, entry.replacement)
