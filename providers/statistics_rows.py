"""Write and read minutes of statistics; writing one again, grown, replaces it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from providers.evidence_models import MinuteStatistic
from providers.tally import COUNTS, SKETCHES, Tally

_AT_ONCE = 50  # rows in one transaction: the ledger waits no longer than that takes
_PAUSE = 0.05  # seconds between two
_KEY = ("target_id", "minute", "minutes", "process")
_VALUES = (*COUNTS, *SKETCHES)


@dataclass(frozen=True, slots=True)
class Kept:
    """What one process counted of one offer, from a minute on."""

    target_id: int
    minute: int
    process: str
    tally: Tally
    minutes: int = 1


def row_of(kept: Kept) -> MinuteStatistic:
    """Return the row of what was counted."""
    tally = kept.tally
    return MinuteStatistic(
        target_id=kept.target_id,
        minute=kept.minute,
        minutes=kept.minutes,
        process=kept.process,
        **{name: tally.of(name) for name in COUNTS},
        **{name: getattr(tally, name).to_bytes() for name in SKETCHES},
    )


def tally_of(row: MinuteStatistic) -> Tally:
    """Return what a row counted. Raises `ValueError` where it is damaged."""
    tally = Tally({name: number for name in COUNTS if (number := getattr(row, name))})
    for name in SKETCHES:
        getattr(tally, name).merge_bytes(bytes(getattr(row, name)))
    return tally


def write(rows: Sequence[MinuteStatistic], *, pause: float = _PAUSE) -> None:
    """Save rows, some in a transaction; those that are there already are replaced."""
    for start in range(0, len(rows), _AT_ONCE):
        if start:
            time.sleep(pause)
        with transaction.atomic():
            MinuteStatistic.objects.bulk_create(
                rows[start : start + _AT_ONCE],
                update_conflicts=True,
                unique_fields=_KEY,
                update_fields=_VALUES,
            )


def since(minute: int, *, until: int | None = None, targets: Collection[int] | None = None) -> Iterator[Kept]:
    """Yield what was counted from a minute on, minutes and folded quarters, the oldest first."""
    rows = MinuteStatistic.objects.filter(minutes__in=(1, 15), minute__gte=minute)
    if until is not None:
        rows = rows.filter(minute__lt=until)
    if targets is not None:
        rows = rows.filter(target_id__in=targets)
    return kept(rows.order_by("minute", "id"))


def kept(rows: QuerySet[MinuteStatistic] | Iterable[MinuteStatistic]) -> Iterator[Kept]:
    """Yield what rows hold."""
    for row in rows.iterator(chunk_size=500) if isinstance(rows, QuerySet) else rows:
        yield Kept(row.target_id, row.minute, row.process, tally_of(row), row.minutes)
