"""What is known of offers, and why calls went where they went, kept on Postgres and read again."""

from __future__ import annotations

import msgspec
import pytest

from billing import ledger_batch
from billing.ledger_batch import Batch
from billing.models import UsageRecord
from llmhub.lib import ids
from providers import statistics_rows
from providers.evidence_models import MinuteStatistic
from providers.statistics_rows import Kept
from providers.tally import Outcome, Tally
from routing.explain_block import read
from tests.billing import calls
from tests.billing.test_postgres import MOMENT, PG, postgres  # noqa: F401  (a fixture)

pytestmark = pytest.mark.postgres
TARGET = 7_000_001  # an offer that nobody else counts
FIRST = 29_000_000  # minutes since 1970


class EverythingThere:
    """Sends what names no database to Postgres."""

    def db_for_read(self, model, **hints) -> str:
        return PG

    db_for_write = db_for_read


def tally(*latencies: int) -> Tally:
    found = Tally()
    for latency_ms in latencies:
        found.add(Outcome("ok", latency_ms=latency_ms, ttft_ms=latency_ms // 2, tokens_per_second=40.5))
    found.add(Outcome("timeout"))
    return found


def test_a_minute_is_written_again_grown_and_read_as_it_was_counted(postgres, settings):  # noqa: F811
    settings.DATABASE_ROUTERS = [EverythingThere()]
    for latencies in ((800,), (800, 900)):
        kept = [
            Kept(TARGET, minute, process, tally(*latencies))
            for minute in (FIRST, FIRST + 1)
            for process in ("one", "two")
        ]
        statistics_rows.write([statistics_rows.row_of(each) for each in kept])

    assert MinuteStatistic.objects.using(PG).filter(target_id=TARGET).count() == 4
    found = list(statistics_rows.since(FIRST + 1, targets=[TARGET]))
    assert [(each.process, each.tally.well, each.tally.ill) for each in found] == [
        ("one", 2, 1),
        ("two", 2, 1),
    ]
    assert found[0].tally.latency.to_bytes() == tally(800, 900).latency.to_bytes()
    assert found[0].tally.speed.percentile(50) == pytest.approx(405, rel=0.02)


def test_the_plan_of_a_call_is_read_as_it_was_written(postgres):  # noqa: F811
    row_id = ids.first_at(MOMENT) + TARGET
    text = msgspec.json.encode(read("12")).decode()
    settle = calls.settle(row_id, plan=text)
    ledger_batch.apply(Batch(settles=[settle]), alias=PG, next_id=lambda: row_id + (1 << 60))

    kept = UsageRecord.objects.using(PG).get(pk=row_id).plan

    assert kept == text
    assert read(kept) == read("12")
