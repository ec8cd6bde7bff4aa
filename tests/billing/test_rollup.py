"""Roll-ups against the ledger they are derived from."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger_batch, rollup, rollup_bucket, rollup_day, rollup_read, rollup_sum, spend_read
from billing.ledger_batch import Batch
from billing.models import UsageRecord
from billing.rollup_models import DayRollUp, DirtyBucket, ReportTag, RolledDay, RollUp, SupplyRollUp
from billing.rollup_read import Span
from billing.sweep import sweep
from llmhub.lib import ids
from llmhub.lib.sketch import Sketch
from tests.billing import calls

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 29, 0, tzinfo=UTC)
LATER = T0 + timedelta(days=9)
QUARTER = timedelta(minutes=15)
BUCKET = rollup_bucket.at(T0)
_NUMBERS = count(1)


def roll_up_everything() -> None:
    while rollup.recompute(now=LATER):
        pass


def settle(*settles) -> None:
    ledger_batch.apply(
        Batch(settles=settles), alias="default", next_id=lambda: ids.first_at(T0) + next(_NUMBERS)
    )


def call(at: datetime = T0, cost: int | None = 40, **values):
    return calls.settle(ids.first_at(at) + next(_NUMBERS), calls.attempt(cost), **values)


def rolled(**filters) -> dict[int, tuple[int, int]]:
    """By bucket: requests and spend of its roll-ups."""
    found = (
        RollUp.objects.filter(**filters).values_list("bucket").annotate(Sum("requests"), Sum("spend_nano"))
    )
    return {bucket: (int(requests), int(spend)) for bucket, requests, spend in found}


def recorded() -> dict[int, tuple[int, int]]:
    """By bucket: requests and spend of the ledger."""
    found: dict[int, tuple[int, int]] = {}
    for row_id, cost in UsageRecord.objects.values_list("id", "cost_nano"):
        bucket = rollup_bucket.of_row(row_id)
        requests, spend = found.get(bucket, (0, 0))
        found[bucket] = requests + 1, spend + (cost or 0)
    return found


def test_a_call_marks_its_bucket_and_the_roll_up_clears_the_mark():
    settle(call(T0 + timedelta(minutes=14, seconds=59)), call(T0 + QUARTER))
    assert set(DirtyBucket.objects.values_list("bucket", flat=True)) == {BUCKET, BUCKET + 900}

    assert rollup.recompute(now=LATER) == 2

    assert not DirtyBucket.objects.exists()
    assert rolled() == {BUCKET: (1, 40), BUCKET + 900: (1, 40)}


def test_a_roll_up_says_everything_that_is_added_up():
    values = {"team_id": 3, "key_id": 4}
    settle(
        call(cost=10, latency_ms=50, ttft_ms=20, **values),
        call(cost=7, latency_ms=70, **values),
        call(cost=2, status="error", latency_ms=900, **values),
        call(cost=3, status="interrupted", **values),
        call(cost=4, status="cancelled", **values),
    )

    roll_up_everything()

    found = RollUp.objects.get()
    assert (found.team_id, found.key_id, found.provider_id, found.entry_id) == (3, 4, 0, 0)
    assert (found.requests, found.errors, found.interrupted, found.cancelled, found.unpriced) == (
        5,
        2,
        1,
        1,
        0,
    )
    assert (found.spend_nano, found.attempts) == (26, 5)
    assert (found.input_tokens, found.output_tokens) == (50, 15)
    latency, ttft = Sketch(), Sketch()
    latency.merge_bytes(found.latency)
    ttft.merge_bytes(found.ttft)
    assert (latency.count, latency.least, latency.most, ttft.most) == (2, 50, 70, 20)


def test_a_late_call_is_added_and_nothing_is_counted_twice():
    settle(call())
    roll_up_everything()
    settle(call(team_id=9))

    roll_up_everything()
    DirtyBucket.objects.create(bucket=BUCKET, source=0, stamp=1)
    roll_up_everything()

    assert rolled() == {BUCKET: (2, 80)}


def test_calls_of_several_processes_in_one_bucket_are_read_once_before_they_are_added_up():
    for process in (1, 2, 3):
        settle(calls.settle(ids.first_at(T0) + (process << ids.WORKER_SHIFT), calls.attempt(40)))
    assert DirtyBucket.objects.count() == 3

    (found,) = rollup_read.sums([Span(T0, T0 + QUARTER)], measures=("requests", "spend_nano"))

    assert found.values == {"requests": 3, "spend_nano": 120}


def test_a_bucket_whose_calls_became_fewer_has_fewer_roll_ups(monkeypatch):
    monkeypatch.setattr(rollup, "_AT_ONCE", 2)
    settle(*(call(team_id=number) for number in range(1, 8)))
    roll_up_everything()
    UsageRecord.objects.filter(team_id__gt=2).delete()
    rollup.mark_everything()

    roll_up_everything()

    assert sorted(RollUp.objects.values_list("team_id", flat=True)) == [1, 2]


def test_the_open_bucket_is_left_to_the_ledger():
    settle(call())

    assert rollup.recompute(now=T0 + QUARTER - timedelta(seconds=1)) == 0
    assert rollup.recompute(now=T0 + QUARTER) == 1


def test_buckets_that_were_recorded_before_there_were_roll_ups_are_found():
    settle(call(), call(T0 + QUARTER))
    DirtyBucket.objects.all().delete()

    rollup.mark_everything()
    roll_up_everything()

    assert rolled() == recorded()


# --- a call that is settled while its bucket is added up ----------------------------------------


def roll_up_with_a_call_in_between() -> bool:
    settle(call())
    claimed = rollup.claim(BUCKET)
    sums = rollup.summed(BUCKET)
    settle(call())
    return rollup.replace(claimed, sums)


def test_a_call_settled_in_between_keeps_the_bucket_dirty():
    assert not roll_up_with_a_call_in_between()
    assert DirtyBucket.objects.filter(bucket=BUCKET).exists()

    roll_up_everything()
    assert rolled() == {BUCKET: (2, 80)}


def test_a_call_of_another_process_settled_in_between_keeps_the_bucket_dirty():
    settle(call())
    claimed = rollup.claim(BUCKET)
    sums = rollup.summed(BUCKET)
    other = 5 << ids.WORKER_SHIFT  # the worker bits of another gateway
    settle(calls.settle(ids.first_at(T0) + other, calls.attempt(40)))

    rollup.replace(claimed, sums)
    roll_up_everything()

    assert rolled() == {BUCKET: (2, 80)}


def test_clearing_marks_without_looking_at_their_stamp_would_lose_it(monkeypatch):
    """The negative control: the simple way is wrong."""
    everything = DirtyBucket.objects.filter(bucket=BUCKET)
    monkeypatch.setattr(rollup, "_marks", lambda *_: everything.all())
    monkeypatch.setattr(rollup, "_is_ours", lambda *_: True)

    assert roll_up_with_a_call_in_between()
    roll_up_everything()

    assert rolled() == {BUCKET: (1, 40)}


def test_of_two_workers_the_one_that_came_later_writes():
    settle(call())
    slow = rollup.claim(BUCKET)
    old_sums = rollup.summed(BUCKET)
    settle(call())
    assert rollup.roll_up(BUCKET)

    assert not rollup.replace(slow, old_sums)
    assert rolled() == {BUCKET: (2, 80)}


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_a_ledger_at_once_agree_in_the_end(ledger):
    done = threading.Event()
    workers = [threading.Thread(target=_roll_up_until, args=[done]) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        for number in range(60):
            settle(*(call(T0 + QUARTER * (number % 3), team_id=n) for n in range(5)))
    finally:
        done.set()
        for worker in workers:
            worker.join()

    roll_up_everything()
    assert rolled() == recorded()
    assert RollUp.objects.count() == 15


def _roll_up_until(done: threading.Event) -> None:
    try:
        while not done.is_set():
            rollup.recompute(now=LATER)
    finally:
        connection.close()


# --- any sequence -------------------------------------------------------------------------------

quarters = st.integers(0, 3)  # after T0
costs = st.one_of(st.none(), st.integers(0, 10**12))
statuses = st.sampled_from(["ok", "error", "cancelled"])
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("settle"),
            quarters,
            costs,
            st.sampled_from(["ok", "error", "cancelled"]),
            st.integers(0, 2),
        ),
        st.tuples(st.just("reserve"), quarters, st.integers(0, 10**9)),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("settle_late"), st.integers(0, 20), costs),
        st.tuples(st.just("roll_up"), st.integers(1, 3)),
        st.tuples(st.just("begin"), quarters),
        st.tuples(st.just("finish")),
        st.tuples(st.just("add_day_up")),
    ),
    max_size=25,
)


class History:
    """What gateways, sweeper and two workers do, one step after the other."""

    def __init__(self) -> None:
        for model in (UsageRecord, RollUp, SupplyRollUp, DirtyBucket, DayRollUp, RolledDay):
            model.objects.all().delete()
        self.reserved: list[int] = []
        self.begun: list[tuple] = []

    def settle(self, quarter: int, cost: int | None, status: str, team: int) -> None:
        settle(call(T0 + QUARTER * quarter, cost, status=status, team_id=team))

    def reserve(self, quarter: int, amount: int) -> None:
        """As a gateway that is killed then."""
        id_ = ids.first_at(T0 + QUARTER * quarter) + next(_NUMBERS)
        entry = calls.reserve(id_, amount, seconds=-1)
        ledger_batch.apply(Batch(reserves=[entry]), alias="default", next_id=lambda: 0)
        self.reserved.append(id_)

    def sweep(self) -> None:
        sweep()

    def settle_late(self, pick: int, cost: int | None) -> None:
        if self.reserved:
            settle(calls.settle(self.reserved[pick % len(self.reserved)], calls.attempt(cost)))

    def roll_up(self, limit: int) -> None:
        rollup.recompute(limit, now=LATER)

    def begin(self, quarter: int) -> None:
        """A slow worker reads a bucket and writes it at the next `finish`."""
        claimed = rollup.claim(BUCKET + 900 * quarter)
        if claimed:
            self.begun.append((claimed, rollup.summed(claimed.bucket)))

    def finish(self) -> None:
        for claimed, sums in self.begun:
            rollup.replace(claimed, sums)
        self.begun = []

    def add_day_up(self) -> None:
        rollup_day.recompute(now=LATER, pause=0)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_happens_pages_read_and_roll_ups_become_the_sums_of_the_ledger(steps):
    history = History()

    for step, *arguments in steps:
        getattr(history, step)(*arguments)
        assert read_by_team() == recorded_by_team()
        assert read_total() == recorded_total()
        assert read_day() == recorded_day()

    history.finish()
    roll_up_everything()
    assert rolled() == recorded()
    assert read_by_team() == recorded_by_team()
    assert read_total() == recorded_total()
    assert SupplyRollUp.objects.count() == len(
        {(rollup_bucket.of_row(row.pk), row.cost_source) for row in UsageRecord.objects.all()}
    )
    rollup_day.recompute(now=LATER, pause=0)
    assert read_day() == recorded_day()


def read_by_team() -> dict[tuple, tuple]:
    """By bucket and team, as pages read it: requests, spend, errors, unknown costs."""
    spans = [Span(T0 + QUARTER * number, T0 + QUARTER * (number + 1)) for number in range(4)]
    found: dict[tuple, tuple] = {}
    for row in rollup_read.sums(spans, by=["team_id"]):
        key = (BUCKET + 900 * row.span, *row.of)
        values = tuple(row.values[name] for name in ("requests", "spend_nano", "errors", "unpriced"))
        found[key] = tuple(map(sum, zip(found.get(key, (0, 0, 0, 0)), values, strict=True)))
    return found


def read_day() -> dict[int, tuple[int, int]]:
    """By team: requests and spend of the whole day, which may be read as a day."""
    found = spend_read.parts(
        [Span(T0, T0 + timedelta(days=1))],
        None,
        spend_read.Reading(
            by=spend_read.COLUMNS["team_id"],
            measures=("requests", "spend_nano"),
            order="spend_nano",
            only={},
            top=9,
        ),
    )
    return {part.value: part.sums for part in found.parts}


def recorded_day() -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for team, cost in UsageRecord.objects.values_list("team_id", "cost_nano"):
        requests, spend = found.get(team or 0, (0, 0))
        found[team or 0] = requests + 1, spend + (cost or 0)
    return found


def read_total() -> tuple[int, int]:
    """Requests and spend of all, read from the table with few rows."""
    values = [row.values for row in rollup_read.sums([Span(T0, LATER)])]
    return sum(v["requests"] for v in values), sum(v["spend_nano"] for v in values)


def recorded_total() -> tuple[int, int]:
    costs = [cost or 0 for cost in UsageRecord.objects.values_list("cost_nano", flat=True)]
    return len(costs), sum(costs)


def recorded_by_team() -> dict[tuple, tuple]:
    """The same, counted one by one."""
    found: dict[tuple, tuple] = {}
    for record in UsageRecord.objects.all():
        key = (rollup_bucket.of_row(record.pk), record.team_id or 0)
        is_error = record.status in ("error", "interrupted")
        values = (1, record.cost_nano or 0, int(is_error), int(record.cost_nano is None))
        found[key] = tuple(map(sum, zip(found.get(key, (0, 0, 0, 0)), values, strict=True)))
    return found


# --- tags ---------------------------------------------------------------------------------------


def test_report_tags_are_kept_apart_and_others_are_not():
    ReportTag.objects.create(slot=2, name="feature", since=0)
    settle(
        call(tags={"feature": "chat", "user": "1"}), call(tags={"feature": "chat", "user": "2"}), call(cost=1)
    )

    roll_up_everything()

    found = RollUp.objects.order_by("tag_2").values_list("tag_1", "tag_2", "tag_3", "requests", "spend_nano")
    assert list(found) == [("", "", "", 1, 1), ("", "chat", "", 2, 80)]


@pytest.mark.parametrize("name", ["feature", "a.b", "2024"])
def test_a_report_tag_is_read_from_the_ledger_as_from_roll_ups(name):
    ReportTag.objects.create(slot=1, name=name, since=0)
    settle(call(tags={name: "chat"}), call(tags={name: "chat", "user": "2"}), call(cost=1))
    column = spend_read.tag_columns()[f"tag:{name}"]
    reading = spend_read.Reading(column, ("requests",), "requests", {}, top=5)
    span = Span(T0 - timedelta(days=1), T0 + timedelta(days=1))

    def parts() -> set:
        return {(part.value, part.sums) for part in spend_read.parts([span], None, reading).parts}

    from_the_ledger = parts()
    roll_up_everything()

    assert from_the_ledger == parts() == {("chat", (2,)), ("", (1,))}


def test_a_tag_of_too_many_values_fills_no_disk(monkeypatch):
    monkeypatch.setattr(rollup_sum, "MOST_TAG_VALUES", 3)
    ReportTag.objects.create(slot=1, name="user", since=0)
    settle(*(call(tags={"user": str(number % 10)}) for number in range(40)))

    roll_up_everything()

    found = dict(RollUp.objects.values_list("tag_1", "requests"))
    assert found == {"0": 4, "1": 4, "2": 4, "(other)": 28}


@pytest.mark.parametrize(
    "only", [{"entry_id": 7}, {"teams": frozenset({1})}, {"entry_id": 7, "teams": frozenset({1, 2})}], ids=str
)
def test_of_the_ledger_only_its_part_is_read_whatever_is_asked(only):
    """SQLite would make an index of all calls for the statement: ten million of them took seconds."""
    plans = []

    def explain(execute, sql, parameters, many, context):
        if sql.startswith("WITH"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
                plans.extend(row[-1] for row in cursor.fetchall())
        return execute(sql, parameters, many, context)

    span = Span(datetime(2026, 5, 1, 0, 1, tzinfo=UTC), datetime(2026, 5, 30, tzinfo=UTC))
    with connection.execute_wrapper(explain):
        rollup_read.sums([span], by=("key_id",), measures=("requests",), **only)
        if "teams" not in only:
            rollup_read.times_of_providers(span, 7)

    assert any("SEARCH u USING INTEGER PRIMARY KEY" in line for line in plans)
    assert not [line for line in plans if "AUTOMATIC" in line]
