"""On Postgres a call can be written and not committed yet while its bucket is added up."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from billing import attempts_read, ledger_batch, rollup, rollup_bucket, rollup_read, span
from billing.ledger_batch import Batch
from billing.rollup_models import DirtyBucket, RollUp
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
