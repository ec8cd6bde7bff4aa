"""Budgets' counters against the ledger: what they hold, exactly, and what they spent, as far as can be said.

What was spent is compared for budgets of the organisation, a team, a key or a person. A call of unknown cost,
and one that nobody settled, is charged what only its reservation knew: where there are some, the
sum is a lower bound alone. An adjustment counts at the moment of its id, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db import connections

from billing import periods, rollup, rollup_bucket, rollup_read
from billing.adjustment_models import Adjustment
from billing.charge import held as held_of
from billing.difference import HELD, SPENT, Difference
from billing.entries import Hold
from billing.ledger_adjust import counts_from
from billing.ledger_rows import parse_holds
from billing.models import Budget, Counter, UsageRecord
from billing.periods import Per
from billing.rollup_read import Span, Sums
from llmhub.lib import ids

_BY = {
    Budget.Scope.ORGANISATION: None,
    Budget.Scope.TEAM: "team_id",
    Budget.Scope.KEY: "key_id",
    Budget.Scope.PERSON: "person_id",
}
_DIMENSIONS = ("team_id", "key_id", "person_id", "cost_source")
_MEASURES = ("spend_nano", "requests", "interrupted", "unpriced", "input_tokens", "output_tokens")
_SLACK = timedelta(seconds=1)  # between the moment that a call is counted at and the one in its id
_UNHEARD = timedelta(minutes=1)  # until every gateway knows of a new budget
_START = datetime(2025, 1, 1, tzinfo=UTC)  # no call is older


@dataclass(frozen=True)
class Period:
    """Calls that surely count in a period, and calls that may."""

    start: int  # its name, Unix seconds
    end: datetime
    surely: Span
    perhaps: Span


@dataclass(frozen=True)
class Read:
    """What is known of a period, read between two looks at the counters."""

    before: Mapping[Hold, int]  # what was spent
    sums: Sequence[Sums]
    posted: Sequence[Adjustment]
    after: Mapping[Hold, int]

    @classmethod
    def of(cls, period: Period, alias: str) -> Read:
        """Read it."""
        before = _counters(alias)
        spans = [period.surely, period.perhaps]
        sums = rollup_read.sums(spans, by=_DIMENSIONS, measures=_MEASURES, alias=alias)
        begin = ids.first_at(max(_START, datetime.fromtimestamp(period.start, UTC)))
        rows = Adjustment.objects.using(alias).filter(usage_id__gte=begin)
        posted = list(rows.filter(usage_id__lt=ids.first_at(period.end)))
        return cls(before, sums, posted, _counters(alias))


def held(alias: str) -> Iterator[Difference]:
    """Yield counters that hold anything else than the reservations there are."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT 0, budget_id, period_start, held, '' FROM billing_counter WHERE held <> 0"
            " UNION ALL SELECT 1, id, amount_nano, 0, counters FROM billing_reservation WHERE counters <> ''"
        )
        rows = cursor.fetchall()
    found = {(row[1], row[2]): row[3] for row in rows if row[0] == 0}
    expected: dict[tuple[int, int], int] = {}
    for _, _, amount, _, counters in (row for row in rows if row[0] == 1):
        for hold in set(parse_holds(counters)):
            key = (hold.budget_id, hold.period_start)
            expected[key] = expected.get(key, 0) + held_of(hold, amount)
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key, 0) != expected.get(key, 0):
            yield _difference(HELD, *key, expected.get(key, 0), found.get(key, 0))


def spent(now: datetime, alias: str) -> Iterator[Difference]:
    """Yield counters of this period and the last that cannot be what their calls cost."""
    whole_from = datetime.fromtimestamp(rollup.whole_from(alias), UTC)
    known: dict[Period, Read] = {}
    for budget in Budget.objects.using(alias).filter(removed_at=None, scope__in=list(_BY)):
        for period in _periods(budget, now, whole_from):
            if period not in known:
                known[period] = Read.of(period, alias)
            read, hold = known[period], Hold(budget.pk, period.start)
            seen = [counters.get(hold, 0) for counters in (read.before, read.after)]
            posted = _posted(budget, read.posted)
            least, most = _bound(budget, read.sums, 0)[0], _bound(budget, read.sums, 1)[1]
            if max(seen) < least + posted:
                yield _difference(SPENT, budget.pk, period.start, least + posted, max(seen))
            elif most is not None and min(seen) > most + posted:
                yield _difference(SPENT, budget.pk, period.start, most + posted, min(seen))


def _difference(kind: str, budget_id: int, start: int, expected: int, found: int) -> Difference:
    return Difference(kind, f"budget {budget_id}", start, {kind: expected}, {kind: found})


def _counters(alias: str) -> dict[Hold, int]:
    rows = Counter.objects.using(alias).values_list("budget_id", "period_start", "spent")
    return {Hold(budget_id, start): found for budget_id, start, found in rows}


def _posted(budget: Budget, adjustments: Iterable[Adjustment]) -> int:
    """Return what adjustments of a period added to a budget."""
    if budget.unit != Budget.Unit.USD:
        return 0
    column, begin = _BY[Budget.Scope(budget.scope)], counts_from(budget)
    return sum(
        each.amount_nano
        for each in adjustments
        if each.usage_id >= begin and (column is None or getattr(each, column) == budget.scope_id)
    )


def _periods(budget: Budget, now: datetime, whole_from: datetime) -> Iterator[Period]:
    """Yield the period of `now` and the one before, as far as the budget was there."""
    per, zone = cast("Per", budget.per), ZoneInfo(budget.time_zone)
    start = periods.start(per, zone, now)
    yield _period(budget, start, now + timedelta(days=1), whole_from)
    if per != "total":
        before = datetime.fromtimestamp(start - 1, UTC)
        if before > budget.created_at:
            yield _period(
                budget, periods.start(per, zone, before), datetime.fromtimestamp(start, UTC), whole_from
            )


def _period(budget: Budget, start: int, end: datetime, whole_from: datetime) -> Period:
    """Return the calls of a period, as far as the budget was there."""
    begin = max(_START, datetime.fromtimestamp(start, UTC))
    is_younger = budget.created_at >= begin
    surely = min(end, budget.created_at + _UNHEARD) if is_younger else begin + _SLACK
    perhaps = budget.created_at if is_younger else begin
    return Period(
        start,
        end,
        Span(_later(surely, whole_from), max(_later(surely, whole_from), _earlier(end - _SLACK, whole_from))),
        Span(_earlier(perhaps - _SLACK, whole_from), _later(end + _SLACK, whole_from)),
    )


def _earlier(moment: datetime, whole_from: datetime) -> datetime:
    """Return `moment`, or where only roll-ups are left the beginning of its bucket."""
    if moment >= whole_from:
        return moment
    return datetime.fromtimestamp(rollup_bucket.at(moment), UTC)


def _later(moment: datetime, whole_from: datetime) -> datetime:
    begun = _earlier(moment, whole_from)
    return moment if begun == moment else begun + timedelta(seconds=rollup_bucket.SECONDS)


def _bound(budget: Budget, sums: Sequence[Sums], span: int) -> tuple[int, int | None]:
    """Return the least and the most that the calls of a span can have been charged."""
    column = _BY[Budget.Scope(budget.scope)]
    mine = [
        row.values
        for row in sums
        if row.span == span
        and row.of[_DIMENSIONS.index("cost_source")] != UsageRecord.Status.ADJUSTED
        and (column is None or row.of[_DIMENSIONS.index(column)] == budget.scope_id)
    ]
    total = {name: sum(values[name] for values in mine) for name in _MEASURES}
    if budget.unit == Budget.Unit.REQUESTS:  # a call that was never sent counts as none
        return 0, total["requests"]
    if budget.unit == Budget.Unit.TOKENS:
        tokens = total["input_tokens"] + total["output_tokens"]
        return tokens, None if total["interrupted"] else tokens
    return total["spend_nano"], None if total["unpriced"] else total["spend_nano"]
