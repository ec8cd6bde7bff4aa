"""One day of demo calls as rows of the ledger, their sums, and what budgets are charged for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from django.db.backends.utils import CursorWrapper

from billing import charge, ledger_rows, rollup, rollup_bucket
from billing.models import Attempt, UsageRecord
from billing.rollup_models import RollUp, SupplyRollUp
from billing.rollup_sum import COUNTS, Bucket, Sums, by_supply
from billing.scopes import Budgets, BudgetValue
from billing.totals import beside_nano, total
from llmhub.demo import copies
from llmhub.demo.budgets import hold_of, payers
from llmhub.demo.traffic import Call, Facts, calls_of

Charges = Mapping[tuple[int, BudgetValue], int]  # by bucket


def keep(
    cursor: CursorWrapper,
    day: date,
    facts: Facts,
    *,
    until: int,
    times: int,
    limits: Budgets,
    tags: Mapping[int, str],
) -> Charges:
    """Keep the calls of a day before the id `until` to be copied, and return what all copies are charged.

    Sums are kept as those of `times` copies, with these report tags.
    """
    calls = [call for call in calls_of(day, facts) if call.settle.id < until]
    records = [ledger_rows.record(call.settle, total(call.settle.attempts)) for call in calls]
    copies.keep(cursor, UsageRecord, records)
    copies.keep(cursor, Attempt, [row for call in calls for row in _attempts(call)])
    for bucket, sums in _sums(calls, records, tags).items():
        for some in sums.sums.values():
            _multiply(some, times)
        supply = by_supply(sums.sums)
        copies.keep(cursor, RollUp, [row for _, row in rollup.rows(RollUp, bucket, sums.sums)])
        copies.keep(cursor, SupplyRollUp, [row for _, row in rollup.rows(SupplyRollUp, bucket, supply)])
    return _charges(calls, limits, times)


def _attempts(call: Call) -> Iterator[ledger_rows.Row]:
    for row_id, entry in zip(call.attempt_ids, call.settle.attempts, strict=True):
        yield ledger_rows.attempt(entry, row_id=row_id, usage_id=call.settle.id)


def _sums(
    calls: Sequence[Call], records: Sequence[ledger_rows.Row], tags: Mapping[int, str]
) -> dict[int, Bucket]:
    """Return the sums of each bucket, as the product adds them up."""
    found: defaultdict[int, Bucket] = defaultdict(lambda: Bucket(tags))
    for call, record in zip(calls, records, strict=True):
        columns = dict(zip(ledger_rows.RECORD_COLUMNS, record, strict=True)) | {
            "tags": call.settle.tags,
            "beside_nano": beside_nano(call.settle.attempts, status=call.settle.status),
        }
        found[rollup_bucket.of_row(call.settle.id)].add(columns)
    return found


def _multiply(sums: Sums, times: int) -> None:
    """Make sums those of `times` as many calls."""
    for name in COUNTS:
        setattr(sums, name, getattr(sums, name) * times)
    for sketch in (sums.latency, sums.ttft):
        sketch.counts = {bucket: count * times for bucket, count in sketch.counts.items()}


def _charges(calls: Sequence[Call], limits: Budgets, times: int) -> Charges:
    found: defaultdict[tuple[int, BudgetValue], int] = defaultdict(int)
    for settle in (call.settle for call in calls):
        bucket = rollup_bucket.of_row(settle.id)
        for payer in payers(settle, limits):
            found[bucket, payer] += times * charge.charged(hold_of(payer, 0), settle.attempts)
    return found
