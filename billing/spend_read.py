"""Read sums by one dimension: of each span the top values and everything else, in one statement.

Days that are added up are read as days, the rest from the roll-ups of quarters of an hour, and what is
out of date from the ledger. Everything is from one statement, so parts always add up to their whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from billing import rollup_bucket, rollup_read
from billing.rollup_models import ReportTag, RolledDay
from billing.rollup_read import SUPPLY, Span, ledger_of
from billing.tag_sql import VALUE, key_of
from llmhub.lib import ids

BEFORE = -1  # the number of the span that the others are compared with
SURE = ("reported", "reconciled", "computed", "adjusted")  # sources of a cost that nobody had to guess
_REFUSED = "CASE WHEN u.status = 'refused' THEN '' ELSE {} END"
_BIG = "CAST(%s AS BIGINT)"
_BY_INDEX = {  # each span by the index, whatever is known of the tables: the other way round is quadratic
    "sqlite": "FROM {span} s CROSS JOIN {table} r WHERE r.id >= s.low AND r.id < s.high",
    "postgresql": """FROM {span} s CROSS JOIN LATERAL (
        SELECT * FROM {table} WHERE id >= s.low AND id < s.high OFFSET 0) r WHERE true""",
}
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
    sums: tuple[int, ...]  # in the order of the measures asked for


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
SUPPLIER = Column(
    "supplier",  # a provider and a model: "7:12"
    "r.provider_id || ':' || r.entry_id",
    "COALESCE(u.provider_id, 0) || ':' || COALESCE(u.entry_id, 0)",
)
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


def _tag(tag: ReportTag, *, alias: str = DEFAULT_DB_ALIAS) -> Column:
    since = rollup_bucket.first_id(tag.since)
    value = f"COALESCE(SUBSTR(u.{VALUE}, 1, 200), '')"
    return Column(
        f"tag:{tag.name}",
        f"CASE WHEN r.id >= {since} THEN r.tag_{tag.slot} ELSE '' END",
        _REFUSED.format(value),
        (key_of(tag.name, alias=alias),),
        tag.since,
    )


@dataclass(frozen=True)
class Reading:
    """What is read: which calls, told apart by what, and which values have a part of their own."""

    by: Column
    measures: Sequence[str]
    order: str  # the measure that top values have most of
    only: Mapping[Column, Sequence[int | str]]  # which values count: with none of a column, nothing does
    top: int
    after: tuple[int, int | str] | None = None  # top values come after this amount and value


def parts(
    spans: Sequence[Span], before: Span | None, reading: Reading, *, alias: str = DEFAULT_DB_ALIAS
) -> Parts:
    """Return the top values of the spans with their sums, and everything else."""
    numbered = {**dict(enumerate(spans)), **({BEFORE: before} if before else {})}
    whole = Span(min(span.since for span in numbered.values()), max(span.until for span in numbered.values()))
    floor = rollup_read.floor_of(whole, alias=alias)
    columns = (reading.by, *reading.only)
    for _ in range(2):
        days = _ready(whole, columns, alias)
        found = _read(numbered, days, reading, floor=floor, alias=alias)
        if days == _ready(whole, columns, alias):  # else a day was added up anew while it was read
            return found
    return _read(numbered, [], reading, floor=floor, alias=alias)


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
    whole: list[_Piece] = []
    rest: list[_Piece] = []
    lows = [rollup_bucket.first_id(start) for start, _, _ in days]
    highs = [rollup_bucket.first_id(until) for _, until, _ in days]
    for number, span in numbered.items():
        at, end = ids.first_at(span.since), ids.first_at(span.until)
        place = bisect_left(lows, at)
        while place < len(days) and highs[place] <= end:
            if at <= lows[place]:  # days of two zones may overlap
                whole.append(_Piece(number, *rollup_bucket.ids_of(days[place][0])))
                if at < lows[place]:
                    rest.append(_Piece(number, at, lows[place]))
                at = highs[place]
            place += 1
        if at < end:
            rest.append(_Piece(number, at, end))
    return whole, rest


def _read(
    numbered: Mapping[int, Span],
    days: Sequence[tuple[int, int, int]],
    reading: Reading,
    *,
    floor: int,
    alias: str,
) -> Parts:
    by, only, measures = reading.by, reading.only, reading.measures
    whole, rest = _split(numbered, days)
    head, parameters = rollup_read.head_of_ids([(piece.span, piece.low, piece.high) for piece in rest], floor)
    day_rows = ",".join([f"({_BIG},{_BIG},{_BIG})"] * max(len(whole), 1))
    day_ends = [end for piece in whole or [_Piece(0, 0, 0)] for end in (piece.span, piece.low, piece.high)]
    rolled_only, rolled_values = _conditions(only, of_ledger=False)
    ledger_only, ledger_values = _conditions(only, of_ledger=True)
    rolled = _row(by.rolled, [MEASURES[name][0] for name in measures])
    ledger = _row(by.ledger, [MEASURES[name][1] for name in measures])
    names = {column.name for column in (by, *only)}
    table = "billing_supplyrollup" if names <= SUPPLY else "billing_rollup"
    sums = ", ".join(f"SUM(m{place}) AS m{place}" for place in range(len(measures)))
    by_index = _BY_INDEX[connections[alias].vendor]
    most = f"SUM(m{measures.index(reading.order)})"
    after, after_values = _after(reading)
    statement = f"""{head},
        day(n, low, high) AS (VALUES {day_rows}),
        base AS MATERIALIZED (SELECT n, v, {sums} FROM (
            SELECT s.n, {rolled} {by_index.format(span="day", table="billing_dayrollup")} {rolled_only}
            UNION ALL
            SELECT s.n, {rolled} {by_index.format(span="span", table=table)} {rolled_only}
               AND r.bucket NOT IN (SELECT bucket FROM stale)
            UNION ALL
            SELECT p.n, {ledger} {ledger_of(alias)} {ledger_only}) each GROUP BY n, v),
        whole AS MATERIALIZED (
            SELECT v, {most} AS m FROM base WHERE n >= 0 GROUP BY v),
        top AS MATERIALIZED (SELECT v FROM whole {after} ORDER BY m DESC, v LIMIT {_BIG})
        SELECT b.n, CASE WHEN t.v IS NULL THEN 0 ELSE 1 END, t.v, (SELECT COUNT(*) FROM whole), {sums}
          FROM base b LEFT JOIN top t ON t.v = b.v GROUP BY b.n, t.v"""  # noqa: S608
    values = [*rolled_values, *rolled_values, *by.parameters, *ledger_values, *after_values, reading.top]
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, [*parameters, *day_ends, *values])
        return replace(_parts(cursor.fetchall()), floor=floor)


def _after(reading: Reading) -> tuple[str, list[int | str]]:
    """Return what leaves the values after one, in the order of the most of a measure, then by value."""
    if reading.after is None:
        return "", []
    amount, value = reading.after
    mark = _BIG if reading.by.is_number else "%s"
    return f"WHERE m < {_BIG} OR (m = {_BIG} AND v > {mark})", [amount, amount, value]


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


def _parts(rows: Sequence[_Row]) -> Parts:
    found = (
        Part(int(span), value if named else None, tuple(map(int, sums)))
        for span, named, value, _, *sums in rows
    )
    return Parts(tuple(found), int(rows[0][3]) if rows else 0)
