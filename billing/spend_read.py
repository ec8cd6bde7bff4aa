"""Read sums by one dimension: of each span the top values and everything else, in one statement.

Days that are added up are read as days, the rest from the roll-ups of quarters of an hour, and what is
out of date from the ledger. Everything is from one statement, so parts always add up to their whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from billing import rollup_bucket, rollup_read
from billing.rollup_models import ReportTag, RolledDay
from billing.rollup_read import LEDGER, SUPPLY, Span
from llmhub.lib import ids

BEFORE = -1  # the number of the span that the others are compared with
SURE = ("reported", "reconciled", "computed")  # sources of a cost that nobody had to guess
_REFUSED = "CASE WHEN u.status = 'refused' THEN '' ELSE {} END"
_BIG = "CAST(%s AS BIGINT)"
_Row = Sequence[Any]


@dataclass(frozen=True)
class Column:
    """A dimension, as roll-ups and as the ledger say it."""

    name: str
    rolled: str
    ledger: str
    parameters: tuple[str, ...] = ()  # of `ledger`
    since: int = 0  # the bucket from which on roll-ups have it

    @property
    def is_number(self) -> bool:
        """Whether its values are ids."""
        return self.name.endswith("_id")


@dataclass(frozen=True)
class Part:
    """What the calls of one span had of one value; of all values that are not named, where that is None."""

    span: int  # its place in the list of spans, or BEFORE
    value: int | str | None
    sums: Mapping[str, int]


@dataclass(frozen=True)
class Parts:
    """The parts of all spans, and how many values the spans have together."""

    parts: tuple[Part, ...]
    values: int
    floor: int = 0  # calls with ids below it that are not added up yet are left out


@dataclass(frozen=True)
class _Piece:
    """A part of a span that is read from one kind of table: [low, high) of ids."""

    span: int
    low: int
    high: int


COLUMNS = {
    **{
        name: Column(name, f"r.{name}", ledger)
        for name, ledger in rollup_read.DIMENSIONS.items()
        if name != "refusal_code"
    },
    "requested": Column("requested", "r.requested", _REFUSED.format("u.requested")),
}
_SURE = f"CASE WHEN {{}}.cost_source IN {SURE} THEN COALESCE({{}}, 0) ELSE 0 END"
_TOKENS = "{0}.input_tokens + {0}.output_tokens"
MEASURES: dict[str, tuple[str, str]] = {
    **{name: (f"r.{name}", sql.removeprefix("SUM")) for name, sql in rollup_read.MEASURES.items()},
    "tokens": (_TOKENS.format("r"), _TOKENS.format("u")),
    "sure_nano": (_SURE.format("r", "r.spend_nano"), _SURE.format("u", "u.cost_nano")),
}  # as roll-ups say it, and the ledger of one call


def tag_columns() -> dict[str, Column]:
    """Return the report tags as dimensions, named `tag:NAME`."""
    return {f"tag:{tag.name}": _tag(tag) for tag in ReportTag.objects.order_by("slot")}


def _tag(tag: ReportTag) -> Column:
    since = rollup_bucket.first_id(tag.since)
    value = "COALESCE(SUBSTR(u.tags ->> CAST(%s AS TEXT), 1, 200), '')"
    return Column(
        f"tag:{tag.name}",
        f"CASE WHEN r.id >= {since} THEN r.tag_{tag.slot} ELSE '' END",
        _REFUSED.format(value),
        (tag.name,),
        tag.since,
    )


def parts(
    spans: Sequence[Span],
    before: Span | None,
    *,
    by: Column,
    only: Mapping[Column, Sequence[int | str]],
    measures: Sequence[str],
    top: int,
    order: str,
    alias: str = DEFAULT_DB_ALIAS,
) -> Parts:
    """Return the `top` values of `by` with the most of the measure `order`, and everything else.

    `only` says which values of other dimensions count: with none of a dimension, nothing does.
    """
    numbered = {**dict(enumerate(spans)), **({BEFORE: before} if before else {})}
    whole = Span(min(span.since for span in numbered.values()), max(span.until for span in numbered.values()))
    floor = rollup_read.floor_of(whole, alias=alias)
    for _ in range(2):
        days = _ready(whole, (by, *only), alias)
        found = _read(numbered, days, by=by, only=only, measures=measures, top=top, order=order,
                      floor=floor, alias=alias)  # fmt: skip
        if days == _ready(whole, (by, *only), alias):
            return replace(found, floor=floor)
    found = _read(numbered, [], by=by, only=only, measures=measures, top=top, order=order,
                  floor=floor, alias=alias)  # fmt: skip
    return replace(found, floor=floor)


def _ready(whole: Span, columns: Sequence[Column], alias: str) -> list[tuple[int, int, int]]:
    """Return start, end and stamp of the days that can be read as days, the oldest first."""
    low = rollup_bucket.at(whole.since)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            f"SELECT start, until, stamp FROM {RolledDay._meta.db_table} d"  # noqa: S608
            f" WHERE ready AND start >= {_BIG} AND until <= {_BIG} AND NOT EXISTS ("
            " SELECT 1 FROM billing_dirtybucket b WHERE b.bucket >= d.start AND b.bucket < d.until)"
            " ORDER BY start",
            [low, int(whole.until.timestamp())],
        )
        days = [(int(start), int(until), int(stamp)) for start, until, stamp in cursor.fetchall()]
    changes = {column.since for column in columns}
    return [day for day in days if not any(day[0] < change < day[1] for change in changes)]


def _split(
    numbered: Mapping[int, Span], days: Sequence[tuple[int, int, int]]
) -> tuple[list[_Piece], list[_Piece]]:
    """Return what of the spans is read as days, and the rest."""
    whole, rest = [], []
    for number, span in numbered.items():
        at, end = ids.first_at(span.since), ids.first_at(span.until)
        for start, until, _ in days:
            low, high = rollup_bucket.first_id(start), rollup_bucket.first_id(until)
            if at <= low and high <= end:
                whole.append(_Piece(number, *rollup_bucket.ids_of(start)))
                if at < low:
                    rest.append(_Piece(number, at, low))
                at = high
        if at < end:
            rest.append(_Piece(number, at, end))
    return whole, rest


def _read(
    numbered: Mapping[int, Span],
    days: Sequence[tuple[int, int, int]],
    *,
    by: Column,
    only: Mapping[Column, Sequence[int | str]],
    measures: Sequence[str],
    top: int,
    order: str,
    floor: int,
    alias: str,
) -> Parts:
    whole, rest = _split(numbered, days)
    head, parameters = rollup_read.head_of_ids([(piece.span, piece.low, piece.high) for piece in rest], floor)
    day_rows = ",".join([f"({_BIG},{_BIG},{_BIG})"] * max(len(whole), 1))
    day_ends = [
        number for piece in whole or [_Piece(0, 0, 0)] for number in (piece.span, piece.low, piece.high)
    ]
    rolled_only, rolled_values = _conditions(only, of_ledger=False)
    ledger_only, ledger_values = _conditions(only, of_ledger=True)
    rolled = _row(by.rolled, [MEASURES[name][0] for name in measures])
    ledger = _row(by.ledger, [MEASURES[name][1] for name in measures])
    names = {column.name for column in (by, *only)}
    table = "billing_supplyrollup" if names <= SUPPLY else "billing_rollup"
    sums = ", ".join(f"SUM(m{place}) AS m{place}" for place in range(len(measures)))
    statement = f"""{head},
        day(n, low, high) AS (VALUES {day_rows}),
        base AS MATERIALIZED (SELECT n, v, {sums} FROM (
            SELECT d.n, {rolled} FROM day d CROSS JOIN billing_dayrollup r
             WHERE r.id >= d.low AND r.id < d.high {rolled_only}
            UNION ALL
            SELECT s.n, {rolled} FROM span s CROSS JOIN {table} r
             WHERE r.id >= s.low AND r.id < s.high {rolled_only}
               AND r.bucket NOT IN (SELECT bucket FROM stale)
            UNION ALL
            SELECT p.n, {ledger} {LEDGER} {ledger_only}) each GROUP BY n, v),
        top AS (SELECT v FROM base WHERE n >= 0 GROUP BY v
                 ORDER BY SUM(m{measures.index(order)}) DESC, v LIMIT {_BIG})
        SELECT n, CASE WHEN v IN (SELECT v FROM top) THEN 1 ELSE 0 END,
               CASE WHEN v IN (SELECT v FROM top) THEN v END,
               (SELECT COUNT(DISTINCT v) FROM base WHERE n >= 0), {sums}
          FROM base GROUP BY 1, 2, 3"""  # noqa: S608
    with connections[alias].cursor() as cursor:
        cursor.execute(
            statement,
            [*parameters, *day_ends, *rolled_values, *rolled_values, *by.parameters, *ledger_values, top],
        )
        return _parts(cursor.fetchall(), measures)


def _row(value: str, measures: Sequence[str]) -> str:
    return ", ".join([f"{value} AS v", *(f"{sql} AS m{place}" for place, sql in enumerate(measures))])


def _conditions(
    only: Mapping[Column, Sequence[int | str]], *, of_ledger: bool
) -> tuple[str, list[int | str]]:
    """Return what leaves the calls that count, and its parameters."""
    text, values = "", []
    for column, wanted in only.items():
        mark = _BIG if column.is_number else "%s"
        marks = ", ".join([mark] * len(wanted)) or "NULL"
        text += f" AND {column.ledger if of_ledger else column.rolled} IN ({marks})"
        values += [*(column.parameters if of_ledger else ()), *wanted]
    return text, values


def _parts(rows: Sequence[_Row], measures: Sequence[str]) -> Parts:
    return Parts(tuple(_each(rows, measures)), int(rows[0][3]) if rows else 0)


def _each(rows: Sequence[_Row], measures: Sequence[str]) -> Iterator[Part]:
    for span, named, value, _, *sums in rows:
        yield Part(int(span), value if named else None, dict(zip(measures, map(int, sums), strict=True)))
