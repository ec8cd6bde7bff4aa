"""Compare everything that is derived from the ledger with the ledger: roll-ups, and budgets' counters.

A difference becomes a `Discrepancy` that stays open until the same sums agree again. A roll-up that
differs is added up anew, since the ledger is the truth; a counter is left as it is, for a person.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from billing import ledger_inserts, reconcile_counters, rollup, rollup_bucket
from billing.difference import HELD, ROLL_UP, SPENT, Difference
from billing.models import UsageRecord
from billing.rollup_models import DirtyBucket, Discrepancy
from billing.rollup_read import DIMENSIONS, MEASURES
from llmhub.lib import clock

__all__ = ["HELD", "ROLL_UP", "SPENT", "Difference", "check", "of_buckets", "open_discrepancies"]
log = logging.getLogger(__name__)

_NEWEST = 96  # buckets that each check looks at: the last day
_DRAWN = 96  # older ones that each check draws by lot
_AT_ONCE = 96  # buckets in one statement
_PAUSE = 0.05  # seconds between two statements of a check of everything
_LOT = random.SystemRandom()
Side = dict[tuple[Any, ...], dict[str, int]]  # sums by bucket and dimensions


def check(
    *, everything: bool = False, now: datetime | None = None, alias: str = DEFAULT_DB_ALIAS
) -> list[Difference]:
    """Compare, keep what differs as discrepancies, end those that agree again, and return the differences.

    Looks at the last day, at a day's worth of older buckets drawn by lot, at those with an open
    discrepancy, and at every budget's counter of this period and the last; `everything` looks at all
    buckets that the ledger still has.
    """
    moment = now or clock.now()
    buckets = _chosen(everything, moment, alias)
    found: list[Difference] = []
    for start in range(0, len(buckets), _AT_ONCE):
        found += of_buckets(buckets[start : start + _AT_ONCE], alias=alias)
        time.sleep(_PAUSE)
    counters = [*reconcile_counters.held(alias), *reconcile_counters.spent(moment, alias)]
    _keep([*found, *counters], buckets, moment, alias)
    for difference in (*found, *counters):
        log.error("the ledger says otherwise: %s", difference)
    return [*found, *counters]


def open_discrepancies() -> list[Discrepancy]:
    """Return what differs from the ledger as of the last check, newest first."""
    return list(Discrepancy.objects.filter(resolved_at=None))


def of_buckets(buckets: Sequence[int], *, alias: str = DEFAULT_DB_ALIAS) -> list[Difference]:
    """Return where roll-ups differ from the ledger; buckets that are to be added up anew are left out.

    Both are read in one statement, so that a call that comes meanwhile is in both or in neither.
    """
    if not buckets:
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute(*_statement(buckets))
        ledger, rolled, supply = _sides(cursor.fetchall())
    return [*_differing(ledger, rolled, ""), *_differing(_over_all_teams(ledger), supply, "all teams")]


def _differing(ledger: Side, rolled: Side, of: str) -> Iterator[Difference]:
    for key in sorted(ledger.keys() | rolled.keys()):
        expected, found = ledger.get(key, {}), rolled.get(key, {})
        if expected != found:
            yield Difference(ROLL_UP, _named(key, of), key[0], expected, found)


def _over_all_teams(ledger: Side) -> Side:
    """Return what supply roll-ups should say."""
    found: Side = {}
    for (bucket, _, _, _, *supply), values in ledger.items():
        sums = found.setdefault((bucket, 0, 0, 0, *supply), dict.fromkeys(values, 0))
        for name, value in values.items():
            sums[name] += value
    return found


def _statement(buckets: Sequence[int]) -> tuple[str, list[int]]:
    names, rolled = ", ".join(DIMENSIONS), ", ".join(f"SUM({name})" for name in MEASURES)
    ledger = ", ".join(f"{column} AS {name}" for name, column in DIMENSIONS.items())
    rows = ",".join(["(CAST(%s AS BIGINT),CAST(%s AS BIGINT),CAST(%s AS BIGINT))"] * len(buckets))
    statement = f"""WITH asked(bucket, low, high) AS (VALUES {rows}),
        clean AS (SELECT * FROM asked WHERE bucket NOT IN (SELECT bucket FROM billing_dirtybucket))
        SELECT 0, c.bucket, {ledger}, {", ".join(MEASURES.values())}
          FROM clean c CROSS JOIN billing_usagerecord u WHERE u.id >= c.low AND u.id < c.high
         GROUP BY c.bucket, {", ".join(DIMENSIONS.values())}
        UNION ALL
        SELECT 1, c.bucket, {names}, {rolled}
          FROM clean c CROSS JOIN billing_rollup r WHERE r.id >= c.low AND r.id < c.high
         GROUP BY c.bucket, {names}
        UNION ALL
        SELECT 2, c.bucket, 0, 0, 0, provider_id, entry_id, cost_centre, refusal_code, cost_source, {rolled}
          FROM clean c CROSS JOIN billing_supplyrollup r WHERE r.id >= c.low AND r.id < c.high
         GROUP BY c.bucket, provider_id, entry_id, cost_centre, refusal_code, cost_source"""  # noqa: S608
    ends = [
        (b, rollup_bucket.first_id(b), rollup_bucket.first_id(b + rollup_bucket.SECONDS)) for b in buckets
    ]
    return statement, [number for end in ends for number in end]


def _sides(rows: Iterable[Sequence[Any]]) -> tuple[Side, Side, Side]:
    """Return what ledger, roll-ups and supply roll-ups say, by bucket and dimensions."""
    sides: tuple[Side, Side, Side] = ({}, {}, {})
    width = 2 + len(DIMENSIONS)
    for row in rows:
        values = dict(zip(MEASURES, map(int, row[width:]), strict=True))
        sides[row[0]][tuple(row[1:width])] = values
    return sides


def _named(key: tuple[Any, ...], of: str) -> str:
    named = [f"{name} {value}" for name, value in zip(DIMENSIONS, key[1:], strict=True) if value]
    return ", ".join([of] * bool(of) + named)


def _chosen(everything: bool, now: datetime, alias: str) -> list[int]:
    """Return the buckets to look at, oldest first."""
    first = UsageRecord.objects.using(alias).order_by("id").values_list("id", flat=True).first()
    if first is None:
        return _doubted(alias)
    whole = range(
        max(rollup.whole_from(alias), rollup_bucket.of_row(first)),
        rollup_bucket.at(now),
        rollup_bucket.SECONDS,
    )
    if everything:
        return list(whole)
    drawn = _LOT.sample(whole[:-_NEWEST], k=min(_DRAWN, len(whole[:-_NEWEST])))
    return sorted({*whole[-_NEWEST:], *drawn, *_doubted(alias)})


def _doubted(alias: str) -> list[int]:
    found = Discrepancy.objects.using(alias).filter(kind=ROLL_UP, resolved_at=None)
    return list(found.values_list("period_start", flat=True).distinct())


def _keep(found: Sequence[Difference], buckets: Sequence[int], now: datetime, alias: str) -> None:
    """Write what differs, end what agrees again, and have wrong roll-ups added up anew."""
    differing = {(row.kind, row.subject, row.period_start) for row in found}
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        dirty = DirtyBucket.objects.using(alias).values_list("bucket", flat=True)
        compared = set(buckets) - set(dirty)
        for old in Discrepancy.objects.using(alias).filter(resolved_at=None):
            was_looked_at = old.kind != ROLL_UP or old.period_start in compared
            if was_looked_at and (old.kind, old.subject, old.period_start) not in differing:
                Discrepancy.objects.using(alias).filter(pk=old.pk).update(resolved_at=now)
        for row in found:
            Discrepancy.objects.using(alias).update_or_create(
                kind=row.kind, subject=row.subject, period_start=row.period_start, resolved_at=None,
                defaults={"expected": row.expected, "found": row.found},
                create_defaults={"expected": row.expected, "found": row.found, "found_at": now},
            )  # fmt: skip
        wrong = {rollup_bucket.first_id(row.period_start) for row in found if row.kind == ROLL_UP}
        if wrong:
            ledger_inserts.mark_dirty(cursor, wrong)
