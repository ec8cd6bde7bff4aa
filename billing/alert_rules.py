"""What to tell of money beside budgets: calls of unknown cost, and sums that differ from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from billing import rollup_read
from billing.difference import ROLL_UP
from billing.reconcile import open_discrepancies
from billing.rollup_read import Span
from catalog.models import CatalogEntry
from llmhub.alerts import alert
from llmhub.alerts.finding import LEDGER, UNPRICED, Finding
from llmhub.lib import clock

_SPAN = timedelta(hours=24)
_MOST = 20  # models that are told of on their own
_HEALS = timedelta(minutes=30)  # a roll-up that differs is added up anew, and compared again by then
_MEASURES = ("requests", "unpriced", "interrupted")


def look(now: datetime | None = None) -> None:
    """Bring the alerts in line with the sums of the last day. Safe to run twice."""
    now = now or clock.now()
    alert.settle(UNPRICED, _unpriced(now), now=now)
    alert.settle(LEDGER, _differing(now), now=now)


def _unpriced(now: datetime) -> Iterator[Finding]:
    """Yield models with calls of unknown cost in the last day; one that was cut off is no sign of that."""
    span = Span(now - _SPAN, now + _SPAN)
    found: dict[int, dict[str, int]] = {}
    floor = rollup_read.floor_of(span)
    for row in rollup_read.sums([span], by=("entry_id",), measures=_MEASURES, floor=floor):
        sums = found.setdefault(row.of[0], dict.fromkeys(_MEASURES, 0))
        for name, value in row.values.items():
            sums[name] += value
    without = {id_: sums for id_, sums in found.items() if sums["unpriced"] > sums["interrupted"]}
    most = sorted(without, key=lambda id_: -without[id_]["unpriced"])[:_MOST]
    entries = CatalogEntry.objects.in_bulk(most)
    for id_ in most:
        yield _of_model(entries.get(id_), id_, without[id_])


def _of_model(entry: CatalogEntry | None, entry_id: int, sums: dict[str, int]) -> Finding:
    name = entry.slug if entry else "a model that is gone"
    calls = f"{sums['unpriced']} of {sums['requests']} calls"
    return Finding(
        UNPRICED,
        f"model:{entry.slug if entry else entry_id}",
        f"Nobody knows what calls of {name} cost",
        f"{calls} in the last 24 hours are of unknown cost: no report counts them. "
        "Set a price of the offer that answered; later calls are priced by it.",
        path=f"/models/{entry.slug}/" if entry else "/requests/",
        facts={"model": name, "unpriced": sums["unpriced"], "requests": sums["requests"], "hours": 24},
    )


def _differing(now: datetime) -> Iterator[Finding]:
    """Yield one finding for all sums that differ."""
    rows = [row for row in open_discrepancies() if row.kind != ROLL_UP or row.found_at < now - _HEALS]
    if not rows:
        return
    subjects = sorted({f"{row.kind} of {row.subject}" for row in rows})
    yield Finding(
        LEDGER,
        "ledger",
        "Sums differ from the ledger",
        f"{'; '.join(subjects[:5])}{' and others' if len(subjects) > 5 else ''}. The ledger is right. "
        "Settings shows both numbers; `./run doctor --everything` looks at all sums now.",
        severity="critical",
        path="/settings/",
        facts={"differences": len(rows), "subjects": subjects[:20]},
    )
