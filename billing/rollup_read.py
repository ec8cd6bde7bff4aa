"""Read sums over spans of time: roll-ups, and the ledger itself where they are out of date.

Both halves are one statement, so that a bucket that is added up meanwhile is counted once. A span
that begins or ends inside a bucket reads that bucket from the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from billing import rollup_bucket
from billing.totals import CUT_REASONS
from llmhub.lib import ids, money
from llmhub.lib.sketch import Sketch

MOST_ROWS = 100_000  # of the ledger, for one page
# What a call's attempts cost besides the one that answered, see `totals.beside_nano`.
BESIDE = f"""CASE WHEN {{u}}.attempts > 1 AND {{u}}.status = 'ok' THEN COALESCE({{u}}.cost_nano - (
    SELECT CASE WHEN a.cost_nano > {money.MAX_CALL_NANO} THEN {money.MAX_CALL_NANO} ELSE a.cost_nano END
      FROM billing_attempt a WHERE a.usage_id = {{u}}.id AND a.status = 'ok'
     ORDER BY a.number DESC LIMIT 1), 0) ELSE 0 END"""  # noqa: S608
_BESIDE = BESIDE.format(u="u")
_FAILED = "u.status IN ('error', 'interrupted') AND u.cost_nano > 0"
_CUT = f"u.status = 'ok' AND u.cost_nano IS NOT NULL AND u.finish_reason IN {CUT_REASONS}"
_REPEATED = f"""u.status = 'ok' AND u.cost_nano IS NOT NULL AND u.repeated_nano > 0
    AND u.finish_reason NOT IN {CUT_REASONS}"""
DIMENSIONS = {
    "team_id": "COALESCE(u.team_id, 0)",
    "key_id": "COALESCE(u.key_id, 0)",
    "person_id": "COALESCE(u.person_id, 0)",
    "provider_id": "COALESCE(u.provider_id, 0)",
    "entry_id": "COALESCE(u.entry_id, 0)",
    "cost_centre": "u.cost_centre",
    "refusal_code": "CASE WHEN u.status = 'refused' THEN u.error_code ELSE '' END",
    "cost_source": "CASE WHEN u.status = 'refused' THEN '' ELSE u.cost_source END",
}  # column of a roll-up: the same of the ledger
MEASURES = {
    "spend_nano": "SUM(COALESCE(u.cost_nano, 0))",
    "requests": "SUM(CASE WHEN u.status IN ('refused', 'adjusted') THEN 0 ELSE 1 END)",
    "errors": "SUM(CASE WHEN u.status IN ('error', 'interrupted') THEN 1 ELSE 0 END)",
    "interrupted": "SUM(CASE WHEN u.status = 'interrupted' THEN 1 ELSE 0 END)",
    "cancelled": "SUM(CASE WHEN u.status = 'cancelled' THEN 1 ELSE 0 END)",
    "refusals": "SUM(u.refusals)",
    "unpriced": "SUM(CASE WHEN u.cost_nano IS NULL THEN 1 ELSE 0 END)",
    "attempts": "SUM(u.attempts)",
    "input_tokens": "SUM(u.input_tokens)",
    "output_tokens": "SUM(u.output_tokens)",
    "cache_read_tokens": "SUM(u.cache_read_tokens)",
    "cache_write_tokens": "SUM(u.cache_write_tokens)",
    "reasoning_tokens": "SUM(u.reasoning_tokens)",
    "retried": f"SUM(CASE WHEN {_BESIDE} <> 0 THEN 1 ELSE 0 END)",
    "retried_nano": f"SUM({_BESIDE})",
    "failed": f"SUM(CASE WHEN {_FAILED} THEN 1 ELSE 0 END)",
    "failed_nano": f"SUM(CASE WHEN {_FAILED} THEN u.cost_nano ELSE 0 END)",
    "cut": f"SUM(CASE WHEN {_CUT} THEN 1 ELSE 0 END)",
    "cut_nano": f"SUM(CASE WHEN {_CUT} THEN u.cost_nano - ({_BESIDE}) ELSE 0 END)",
    "repeated": f"SUM(CASE WHEN {_REPEATED} THEN 1 ELSE 0 END)",
    "repeated_nano": f"SUM(CASE WHEN {_REPEATED} THEN u.repeated_nano ELSE 0 END)",
}
_BIG = "CAST(%s AS BIGINT)"
_ID = f"(({{}}) * 1000 - {ids.EPOCH_MS}) * {1 << ids.TIME_SHIFT}"  # the first id of a bucket
# What is read from the ledger: [low, high) of ids, not below the floor.
_LOW, _HIGH = _ID.format("bucket"), _ID.format(f"bucket + {rollup_bucket.SECONDS}")
_PARTS = f"""
    part(n, low, high) AS (
        SELECT s.n, CASE WHEN s.low > o.low THEN s.low ELSE o.low END,
               CASE WHEN s.high < o.high THEN s.high ELSE o.high END
          FROM span s CROSS JOIN (
              SELECT CASE WHEN {_LOW} < {_BIG} THEN {_BIG} ELSE {_LOW} END AS low, {_HIGH} AS high
                FROM stale) o
         WHERE o.low < s.high AND o.high > s.low)"""  # noqa: S608
SUPPLY = frozenset({"provider_id", "entry_id", "cost_centre", "refusal_code", "cost_source"})
_ROLLED = """FROM span s CROSS JOIN {table} r
         WHERE r.id >= s.low AND r.id < s.high AND r.bucket NOT IN (SELECT bucket FROM stale)"""
_LEDGER = {  # each part by the index, whatever is known of the tables: the other way round is quadratic
    # For a condition more SQLite would index all of the ledger, for this statement alone.
    "sqlite": """FROM part p CROSS JOIN billing_usagerecord u NOT INDEXED
         WHERE u.id >= p.low AND u.id < p.high""",
    "postgresql": """FROM part p CROSS JOIN LATERAL (
              SELECT * FROM billing_usagerecord WHERE id >= p.low AND id < p.high OFFSET 0) u
         WHERE true""",
}


@dataclass(frozen=True)
class Span:
    """Calls from one moment until before another."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Sums:
    """What the calls of one span had, of those that share some dimensions."""

    span: int  # its place in the list of spans
    of: tuple[Any, ...]  # values of the dimensions, 0 and "" for none
    values: Mapping[str, int]


def sums(
    spans: Sequence[Span],
    *,
    by: Sequence[str] = (),
    measures: Sequence[str] = tuple(MEASURES),
    having: str = "",
    floor: int = 0,
    entry_id: int | None = None,
    teams: frozenset[int] | None = None,
    alias: str = DEFAULT_DB_ALIAS,
) -> list[Sums]:
    """Return the sums of each span by these dimensions; one row may come twice, to be added.

    Only calls that have something in the dimension or measure `having` count, where one is named. Calls with
    ids below `floor` are left out where the ledger is read; with `entry_id`, those of other models are, and
    with `teams`, those of other teams.
    """
    only_rolled, only_ledger, wanted = _only(entry_id, teams)
    rolled = [f"r.{name}" for name in by]
    ledger = [DIMENSIONS[name] for name in by]
    head, parameters = head_of(spans, floor)
    only, only_new = (f"AND r.{having} > 0", f"AND u.{having} > 0") if having else ("", "")
    statement = f"""{head}
        SELECT {_columns("s.n", rolled, [f"SUM(r.{name})" for name in measures])} {_rolled(by, teams)}
        {only_rolled} {only} GROUP BY {_columns("s.n", rolled)}
        UNION ALL
        SELECT {_columns("p.n", ledger, [MEASURES[name] for name in measures])} {ledger_of(alias)}
        {only_ledger} {only_new} GROUP BY {_columns("p.n", ledger)}"""
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, [*parameters, *wanted])
        return [_sums(row, len(by), measures) for row in cursor.fetchall()]


def times(
    span: Span, *, floor: int = 0, teams: frozenset[int] | None = None, alias: str = DEFAULT_DB_ALIAS
) -> tuple[Sketch, Sketch]:
    """Return latency, and time to first token, of the calls of a span that were answered."""
    found = _times(span, of=("0", "0"), floor=floor, alias=alias, teams=teams)
    return found.get(0, (Sketch(), Sketch()))


def times_of_providers(
    span: Span, entry_id: int, *, floor: int = 0, alias: str = DEFAULT_DB_ALIAS
) -> dict[int, tuple[Sketch, Sketch]]:
    """Return the same of the calls of one model, by the provider that answered."""
    of = ("r.provider_id", DIMENSIONS["provider_id"])
    return _times(span, of=of, floor=floor, alias=alias, entry_id=entry_id)


def _times(
    span: Span,
    *,
    of: tuple[str, str],
    floor: int,
    alias: str,
    entry_id: int | None = None,
    teams: frozenset[int] | None = None,
) -> dict[int, tuple[Sketch, Sketch]]:
    """Return latency and time to first token by `of`: a column of roll-ups, and the same of the ledger."""
    head, parameters = head_of([span], floor)
    rolled, ledger, wanted = _only(entry_id, teams)
    statement = f"""{head}
        SELECT {of[0]}, r.latency, r.ttft, NULL, NULL {_rolled((), teams)} {rolled}
        UNION ALL
        SELECT {of[1]}, NULL, NULL, u.latency_ms, u.ttft_ms {ledger_of(alias)} {ledger}
           AND u.status NOT IN ('error', 'interrupted', 'cancelled', 'refused', 'adjusted')"""
    found: dict[int, tuple[Sketch, Sketch]] = {}
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, [*parameters, *wanted])
        for key, kept_latency, kept_ttft, latency_ms, ttft_ms in cursor.fetchall():
            latency, ttft = found.setdefault(key, (Sketch(), Sketch()))
            if kept_latency is not None:
                latency.merge_bytes(kept_latency)
                ttft.merge_bytes(kept_ttft)
                continue
            latency.add(latency_ms)
            if ttft_ms is not None:
                ttft.add(ttft_ms)
    return found


def _only(entry_id: int | None, teams: frozenset[int] | None) -> tuple[str, str, list[int]]:
    """Return the conditions that leave the calls of a model and of teams, of roll-ups and ledger."""
    condition, values = "", []
    if entry_id is not None:
        condition, values = f"AND {{}}.entry_id = {_BIG}", [entry_id]
    if teams is not None:
        condition += f" AND {{}}.team_id IN ({','.join([_BIG] * len(teams)) or 'NULL'})"
        values += sorted(teams)
    return condition.replace("{}", "r"), condition.replace("{}", "u"), [*values, *values]


def floor_of(span: Span, *, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Return the id below which the ledger is not read, 0 when all that has to be read is little enough."""
    head, parameters = head_of([span], 0)
    statement = f"{head} SELECT COUNT(*) FROM (SELECT 1 {ledger_of(alias)} LIMIT %s) few"  # noqa: S608
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, [*parameters, MOST_ROWS + 1])
        if cursor.fetchone()[0] <= MOST_ROWS:
            return 0
        cursor.execute("SELECT id FROM billing_usagerecord ORDER BY id DESC LIMIT 1 OFFSET %s", [MOST_ROWS])
        return int(cursor.fetchone()[0]) + 1


def _rolled(by: Sequence[str], teams: frozenset[int] | None) -> str:
    """Return where sums come from: the table with few rows where it tells these dimensions apart."""
    few = teams is None and SUPPLY.issuperset(by)
    return _ROLLED.format(table="billing_supplyrollup" if few else "billing_rollup")


def ledger_of(alias: str) -> str:
    """Return where calls come from that no roll-up has yet."""
    return _LEDGER[connections[alias].vendor]


def head_of(spans: Sequence[Span], floor: int) -> tuple[str, list[int]]:
    """Return the beginning of every statement, and its parameters."""
    ends = [(n, ids.first_at(span.since), ids.first_at(span.until)) for n, span in enumerate(spans)]
    return head_of_ids(ends, floor)


def head_of_ids(spans: Sequence[tuple[int, int, int]], floor: int) -> tuple[str, list[int]]:
    """Return the same for spans that are given as a number, the first id and the id after the last."""
    spans = spans or [(0, 0, 0)]
    first, last = min(low for _, low, _ in spans), max(high for _, _, high in spans)
    reach = rollup_bucket.of_row(first), rollup_bucket.of_row(last)
    edges = sorted({rollup_bucket.of_row(id_) for _, *ends in spans for id_ in ends if _is_inside(id_)})
    rows = ",".join([f"({_BIG},{_BIG},{_BIG})"] * len(spans))
    more = "".join(f" UNION SELECT {_BIG}" for _ in edges)
    head = f"""WITH span(n, low, high) AS (VALUES {rows}),
        stale(bucket) AS (
            SELECT DISTINCT bucket FROM billing_dirtybucket
             WHERE bucket >= {_BIG} AND bucket <= {_BIG}{more}),
        {_PARTS}"""  # noqa: S608
    return head, [*(number for span in spans for number in span), *reach, *edges, floor, floor]


def _is_inside(row_id: int) -> bool:
    """Return whether a span that ends here cuts a bucket in two."""
    return row_id != rollup_bucket.first_id(rollup_bucket.of_row(row_id))


def _columns(first: str, *more: Sequence[str]) -> str:
    return ", ".join([first, *(column for columns in more for column in columns)])


def _sums(row: Sequence[Any], dimensions: int, measures: Sequence[str]) -> Sums:
    numbers = (int(value) for value in row[1 + dimensions :])
    return Sums(int(row[0]), tuple(row[1 : 1 + dimensions]), dict(zip(measures, numbers, strict=True)))
