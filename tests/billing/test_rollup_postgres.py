"""On Postgres a call can be written and not committed yet while its bucket is added up."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import connections, transaction

from billing import (
    attempts_read,
    ledger_batch,
    rollup,
    rollup_bucket,
    rollup_day,
    rollup_read,
    span,
    spend_read,
)
from billing.ledger_batch import Batch
from billing.rollup_models import DirtyBucket, ReportTag, RollUp
from billing.rollup_read import Span
from llmhub.lib import ids
from tests.billing import calls
from tests.billing.test_postgres import PG, postgres  # noqa: F401  (a fixture)

pytestmark = pytest.mark.postgres


def settle(row_id: int) -> None:
    ledger_batch.apply(Batch(settles=[calls.settle(row_id)]), alias=PG, next_id=lambda: row_id + (1 << 60))


@contextmanager
def settled_but_not_committed(row_id: int, *, seconds: float):
    """A gateway in a thread that commits after a while, or when the block ends."""
    written, go_on = threading.Event(), threading.Event()

    def gateway() -> None:
        with transaction.atomic(using=PG):
            settle(row_id)
            written.set()
            go_on.wait(seconds)
        connections[PG].close()

    thread = threading.Thread(target=gateway)
    thread.start()
    assert written.wait(5)
    yield
    go_on.set()
    thread.join()


def rolled(bucket: int) -> list[int]:
    return list(RollUp.objects.using(PG).filter(bucket=bucket).values_list("requests", flat=True))


def test_a_call_of_another_gateway_that_commits_afterwards_keeps_the_bucket_dirty(postgres):  # noqa: F811
    bucket = rollup_bucket.at(datetime(2026, 3, 29, 12, tzinfo=UTC))
    first = rollup_bucket.first_id(bucket)
    settle(first + (1 << ids.WORKER_SHIFT))

    with settled_but_not_committed(first + (2 << ids.WORKER_SHIFT), seconds=10):
        assert rollup.roll_up(bucket, alias=PG)
        assert rolled(bucket) == [1]

    assert DirtyBucket.objects.using(PG).filter(bucket=bucket).exists()
    assert rollup.roll_up(bucket, alias=PG)
    assert rolled(bucket) == [2]


def test_a_call_of_the_same_gateway_is_waited_for(postgres):  # noqa: F811
    bucket = rollup_bucket.at(datetime(2026, 3, 29, 13, tzinfo=UTC))
    first = rollup_bucket.first_id(bucket)
    settle(first)

    with settled_but_not_committed(first + 1, seconds=0.3):
        assert rollup.roll_up(bucket, alias=PG)

    assert rolled(bucket) == [2]
    assert not DirtyBucket.objects.using(PG).filter(bucket=bucket).exists()


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_the_figures_of_one_model_and_the_attempts_at_its_offers_are_read(postgres, is_rolled_up):  # noqa: F811
    at = datetime(2026, 3, 29, 14 + is_rolled_up, tzinfo=UTC)
    entry, offer, provider = 500 + is_rolled_up, 600 + is_rolled_up, 700
    bucket = rollup_bucket.at(at)
    row_id = rollup_bucket.first_id(bucket) + (1 << ids.WORKER_SHIFT)
    tried = calls.attempt(entry_id=entry, offer_id=offer, provider_id=provider)
    called = calls.settle(row_id, tried)
    ledger_batch.apply(Batch(settles=[called]), alias=PG, next_id=lambda: row_id + 1)
    if is_rolled_up:
        assert rollup.roll_up(bucket, alias=PG)
    week = Span(at - timedelta(days=6), at + timedelta(days=1))

    sums = rollup_read.sums([week], by=("provider_id",), entry_id=entry, alias=PG)
    none = rollup_read.sums([week], by=("provider_id",), entry_id=entry + 7, alias=PG)
    times = rollup_read.times_of_providers(week, entry, alias=PG)
    newest = attempts_read._newest([offer, offer + 7], span.Span(week.since, week.until), alias=PG)

    assert [(row.of, row.values["requests"]) for row in sums] == [((provider,), 1)]
    assert none == []
    assert times[provider][0].count == 1
    assert list(newest) == [row_id + 1]


def test_spend_is_the_same_from_the_ledger_from_quarters_and_from_days(postgres):  # noqa: F811
    begin = datetime(2026, 3, 20, tzinfo=UTC)
    whole, first = Span(begin, begin + timedelta(days=1)), ids.first_at(begin + timedelta(hours=3))
    ReportTag.objects.using(PG).update_or_create(slot=1, defaults={"name": "env.x", "since": 0})
    attempt_ids = count(first + (1 << 50))
    for number, key in enumerate((1, 2, 2, 3)):
        one = calls.settle(
            first + number, calls.attempt(5, status="error"), calls.attempt(40, 2), key_id=key,
            tags={"env.x": f"v{key}"}, finish_reason="length",
        )  # fmt: skip
        ledger_batch.apply(Batch(settles=[one]), alias=PG, next_id=lambda: next(attempt_ids))

    def read(by, after=None):
        reading = spend_read.Reading(
            by=by,
            measures=("spend_nano", "retried_nano", "cut_nano", "sure_nano"),
            order="spend_nano",
            only={spend_read.COLUMNS["requested"]: ("acme/small-1",)},
            top=2,
            after=after,
        )
        found = spend_read.parts([whole], None, reading, alias=PG)
        return {part.value: part.sums for part in found.parts}, found.values

    key, tag = (
        spend_read.COLUMNS["key_id"],
        spend_read._tag(ReportTag.objects.using(PG).get(slot=1), alias=PG),
    )
    columns = [*spend_read.COLUMNS.values(), tag, spend_read.SUPPLIER]
    one = (45, 5, 40, 45)
    expected = {2: (90, 10, 80, 90), 1: one, None: one}, 3

    ledger = [read(column) for column in columns]
    assert read(key) == expected
    assert read(tag)[0]["v2"] == (90, 10, 80, 90)
    rollup.recompute(now=begin + timedelta(days=2), alias=PG)
    assert [read(column) for column in columns] == ledger
    start = rollup_bucket.at(begin)
    assert rollup_day.add_up(start, start + 86400, zone="UTC", alias=PG)
    RollUp.objects.using(PG).filter(bucket__gte=start, bucket__lt=start + 86400).delete()  # it reads the day
    assert [read(column) for column in columns] == ledger
    assert read(key, after=(45, 1)) == ({3: one, None: (135, 15, 120, 135)}, 3)
