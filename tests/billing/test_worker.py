"""Worker bits of ids: one process at a time."""

from __future__ import annotations

import time

import pytest
from django.db import connection

from billing import ledger_sql, worker
from billing.entries import LedgerUnavailable
from billing.ledger import Ledger
from billing.models import UsageRecord
from billing.worker_models import Worker
from llmhub.lib import clock, ids
from tests.billing import processes

pytestmark = pytest.mark.django_db(transaction=True)


def test_processes_that_live_at_the_same_time_never_make_the_same_id():
    said = processes.run("lease", processes=4, seconds=2)

    made = [id_ for process in said for id_ in process]
    assert len(set(made)) == len(made) == 800
    assert len({(id_ >> 12) & 1023 for id_ in made}) == 4
    assert not Worker.objects.exists()


def test_a_lease_that_ran_out_goes_to_the_next_and_its_old_holder_learns_it(monkeypatch):
    old, _ = worker.take("default")
    Worker.objects.update(lease_until=0)
    new, _ = worker.take("default")

    assert new.worker == old.worker
    assert worker.renew("default", old) is None
    assert worker.renew("default", new).until >= new.until


def test_only_its_holder_gives_a_lease_back():
    old, _ = worker.take("default")
    Worker.objects.update(lease_until=0)
    worker.take("default")

    worker.give_back("default", old)

    assert Worker.objects.count() == 1


def test_there_is_an_end_to_worker_numbers(monkeypatch):
    monkeypatch.setattr(ids, "WORKERS", 2)
    worker.take("default")
    worker.take("default")

    with pytest.raises(worker.NoFreeWorker, match="stop processes"):
        worker.take("default")


def test_new_ids_come_after_all_old_ones_when_the_clock_was_set_back():
    _, maker = worker.take("default")
    ahead = maker.next() + (60_000 << 22)  # made a minute from now, before the clock was set
    UsageRecord.objects.create(pk=ahead, requested="x", status="ok")

    _, after = worker.take("default")

    assert after.next() > ahead


def test_new_ids_come_after_those_that_were_made_while_a_number_was_waited_for(monkeypatch):
    """On Postgres a number is waited for: who makes the record of one call has it until that is written."""
    scalar, late = ledger_sql.scalar, ids.first_at(clock.now()) + (60_000 << ids.TIME_SHIFT)

    def waiting(cursor, statement, parameters=()):
        if statement.startswith("INSERT"):
            UsageRecord.objects.create(pk=late, requested="x", status="ok")
        return scalar(cursor, statement, parameters)

    monkeypatch.setattr(ledger_sql, "scalar", waiting)

    _, after = worker.take("default")

    assert after.next() > late


def test_an_id_from_a_clock_that_was_years_ahead_is_not_followed():
    _, maker = worker.take("default")
    UsageRecord.objects.create(pk=maker.next() + (10**11 << 22), requested="x", status="ok")

    _, after = worker.take("default")

    assert abs(ids.moment_of(after.next()).timestamp() * 1000 - clock.unix_ms()) < 10_000


def test_ids_of_hours_ahead_are_not_made_once_more_when_the_clock_gets_there(monkeypatch):
    """The clock was three hours ahead, then right again; three hours later it passes there."""
    first, maker = worker.take("default")
    real, ahead = clock.unix_ms, 3 * 3_600_000
    monkeypatch.setattr(clock, "unix_ms", lambda: real() + ahead)
    made = maker.next()
    UsageRecord.objects.create(pk=made, requested="x", status="ok")
    monkeypatch.setattr(clock, "unix_ms", real)
    worker.give_back("default", first)

    second, after = worker.take("default")
    monkeypatch.setattr(clock, "unix_ms", lambda: ids.EPOCH_MS + (made >> ids.TIME_SHIFT))

    assert second.worker != first.worker
    assert after.next() != made


def test_a_process_that_cannot_renew_makes_no_ids(monkeypatch, transactional_db):
    monkeypatch.setattr(worker, "SECONDS", worker.MARGIN + 0.2)
    ledger = Ledger()
    ledger.start()
    try:
        assert ledger.next_id()
        time.sleep(0.25)
        with pytest.raises(LedgerUnavailable):
            ledger.next_id()
        assert not ledger.healthy
    finally:
        ledger.close()


def test_a_running_ledger_renews_its_lease_and_takes_another_when_it_was_lost(monkeypatch):
    monkeypatch.setattr(worker, "RENEW_AFTER", 0)
    ledger = Ledger()
    ledger.start()
    try:
        before = Worker.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE billing_worker SET owner = 'somebody else'")
        deadline = time.monotonic() + 5
        while Worker.objects.count() < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert set(Worker.objects.values_list("pk", flat=True)) == {before.pk, before.pk + 1}
        assert (ledger.next_id() >> 12) & 1023 == before.pk + 1
    finally:
        ledger.close()
