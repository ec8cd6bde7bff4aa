"""What moved spend most since the month began, against as many days before, as the page of spend counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing.spend_page import Page, Row
from billing.spend_query import Query, question
from billing.spend_report import report

SHOWN = 6
_BY = ("team", "model", "key")


@dataclass(frozen=True)
class Mover:
    """One value of a dimension whose spend went up or down; amounts are nano-USD."""

    what: str  # "Team"
    row: Row

    @property
    def by(self) -> int:
        """How much more was spent; below 0: less."""
        return self.row.amount - self.row.before


def movers(now: datetime, zone: ZoneInfo, *, teams: frozenset[int] | None) -> list[Mover]:
    """Return the largest changes among the dearest teams, models and keys, the largest first."""
    first = now.astimezone(zone).date().replace(day=1).isoformat()
    found = []
    for by in _BY:
        query = Query(by=by, since=first)
        page = Page(query, report(question(query, teams=teams, now=now, zone=zone), now=now))
        found += [Mover(page.report.question.by.label, row) for row in page.rows if row.series.value]
    return largest(found)


def largest(found: Iterable[Mover]) -> list[Mover]:
    """Return those that moved most, up or down; what stayed as it was is none."""
    moved = sorted((mover for mover in found if mover.by), key=lambda mover: -abs(mover.by))
    return moved[:SHOWN]
