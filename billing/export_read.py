"""Read calls for an export, a piece at a time, by id: the memory it takes does not grow with the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.export_rows import cells_of, columns_of
from billing.export_text import csv_text, jsonl_text
from billing.models import Attempt, UsageRecord
from billing.record import AttemptRow, RequestRow, attempt_rows, request_rows
from llmhub.lib import ids

AT_ONCE = 1000  # requests in one piece


@dataclass(frozen=True)
class Wanted:
    """What is exported."""

    of: str  # requests or attempts
    columns: str  # native or focus
    format: str  # csv or jsonl
    since: datetime
    until: datetime
    teams: Collection[int] | None = None  # None: all


@dataclass(frozen=True)
class Piece:
    """Some rows as text, and the request that they end with."""

    text: str
    rows: int
    last_id: int


def pieces(wanted: Wanted, *, after_id: int = 0, header: bool = True) -> Iterator[Piece]:
    """Yield the text of an export from behind a request on, in CSV after a line with the columns."""
    columns = columns_of(wanted.of, wanted.columns)
    if header and wanted.format == "csv":
        yield Piece(csv_text([], columns, header=True), 0, 0)
    for rows in _rows(wanted, after_id):
        attempts = _attempts(rows) if wanted.of == "attempts" else {}
        cells = list(cells_of(wanted.of, wanted.columns, rows, attempts))
        is_csv = wanted.format == "csv"
        text = csv_text(cells, columns, header=False) if is_csv else jsonl_text(cells, columns)
        yield Piece(text, len(cells), rows[-1].record.pk)


def _rows(wanted: Wanted, after_id: int) -> Iterator[Sequence[RequestRow]]:
    """Yield the requests of the range, refusals left out: nothing was done for them."""
    at, end = max(after_id, ids.first_at(wanted.since) - 1), ids.first_at(wanted.until)
    found = UsageRecord.objects.defer("plan").filter(id__lt=end, refusals=0)
    if wanted.teams is not None:
        found = found.filter(team_id__in=sorted(wanted.teams))
    while records := list(found.filter(id__gt=at).order_by("id")[:AT_ONCE]):
        yield request_rows(records)
        at = records[-1].pk


def _attempts(rows: Sequence[RequestRow]) -> dict[int, list[AttemptRow]]:
    found = Attempt.objects.filter(usage_id__in=[row.record.pk for row in rows]).order_by(
        "usage_id", "number", "id"
    )
    grouped: defaultdict[int, list[AttemptRow]] = defaultdict(list)
    for row in attempt_rows(list(found)):
        grouped[row.attempt.usage_id].append(row)
    return grouped
