"""SQLite behind a lock file: who may write, when the lock is given up, what happens without it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connections, transaction
from django.db.utils import ConnectionHandler

from llmhub.lib import database
from llmhub.lib.sqlite.turnstile import TooLate, Turnstile

ONE, TWO = "one", "two"  # two connections to the same file, as of two processes


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """A function: open this file under an alias."""
    made = set()

    def open_as(alias: str, *, patience: float = 5, backend: str = "llmhub.lib.sqlite", limit: float = 0):
        settings = database.sqlite(tmp_path / "test.db") | {"ENGINE": backend}
        settings = database.with_statement_limit(settings, limit) if limit else settings
        settings["OPTIONS"]["timeout"] = patience
        whole = ConnectionHandler().configure_settings({"default": settings})["default"]
        connections.settings[alias] = whole
        made.add(alias)
        return connections[alias]

    with django_db_blocker.unblock():
        yield open_as
        for alias in made:
            connections[alias].close()
            del connections[alias], connections.settings[alias]


@pytest.fixture
def one(connect):
    connection = connect(ONE)
    run(ONE, "CREATE TABLE tally (id INTEGER PRIMARY KEY, n INTEGER CHECK (n < 1000000))")
    run(ONE, "INSERT INTO tally VALUES (1, 0)")
    return connection


@pytest.fixture
def two(one, connect):
    return connect(TWO, patience=0)


def run(alias: str, statement: str) -> list:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def add(alias: str) -> None:
    run(alias, "UPDATE tally SET n = n + 1")


def is_free() -> bool:
    """Whether the second connection may write at once."""
    try:
        add(TWO)
    except OperationalError:
        return False
    return True


def test_a_read_that_begins_with_with_lets_writers_pass(one, two):
    """The sums of a page begin so: each took the turn of all calls that wanted to be written."""
    with transaction.atomic(using=ONE):
        assert run(TWO, "WITH found AS (SELECT n FROM tally) SELECT n FROM found") == [(0,)]


def test_a_write_that_begins_with_with_waits_for_its_turn(one, two):
    with transaction.atomic(using=ONE), pytest.raises(OperationalError, match="another writer holds"):
        run(TWO, "WITH d(x) AS (VALUES (1)) UPDATE tally SET n = n + d.x FROM d")


def test_a_transaction_keeps_others_out_until_its_commit(two):
    with transaction.atomic(using=ONE):
        assert not is_free()
        with transaction.atomic(using=ONE):
            add(ONE)
        assert not is_free()
    assert is_free()


def test_those_who_only_read_do_not_wait(two):
    with transaction.atomic(using=ONE):
        add(ONE)
        assert run(TWO, "SELECT n FROM tally") == [(0,)]


def raise_inside():
    with transaction.atomic(using=ONE):
        add(ONE)
        raise RuntimeError("a bug")


def break_a_rule():
    with transaction.atomic(using=ONE):
        run(ONE, "UPDATE tally SET n = 1000000")


def roll_back_on_request():
    with transaction.atomic(using=ONE):
        add(ONE)
        transaction.set_rollback(True, using=ONE)


def roll_back_a_part():
    with transaction.atomic(using=ONE), contextlib.suppress(DatabaseError), transaction.atomic(using=ONE):
        run(ONE, "UPDATE tally SET n = 1000000")


def close_inside():
    with transaction.atomic(using=ONE):
        add(ONE)
        connections[ONE].close()


def write_once():
    add(ONE)


def fail_to_write_once():
    run(ONE, "UPDATE tally SET n = 1000000")


def write_nonsense():
    run(ONE, "UPDATE nothing SET n = 1")


def insert_returning():
    with connections[ONE].cursor() as cursor:
        cursor.execute("INSERT INTO tally (n) VALUES (%s), (%s) RETURNING id, n", [7, 8])
        assert cursor.fetchone() == (2, 7)
        assert is_free()  # although the second row is not read yet


def write_many():
    with connections[ONE].cursor() as cursor:
        cursor.executemany("INSERT INTO tally (n) VALUES (%s)", [[1], [2]])


def commit_by_hand():
    transaction.set_autocommit(False, using=ONE)
    add(ONE)
    with pytest.raises(OperationalError, match="another writer"):  # not SQLite's own lock
        add(TWO)
    transaction.commit(using=ONE)
    transaction.set_autocommit(True, using=ONE)


def in_one_transaction():
    with connections[ONE].one_transaction() as cursor:
        cursor.execute("UPDATE tally SET n = n + 1", [])
        assert not is_free()


def break_a_rule_in_one_transaction():
    with connections[ONE].one_transaction() as cursor:
        cursor.execute("UPDATE tally SET n = n + 5", [])
        cursor.execute("UPDATE tally SET n = 1000000", [])


@pytest.mark.parametrize(
    "way_out",
    [
        in_one_transaction, break_a_rule_in_one_transaction,
        raise_inside, break_a_rule, roll_back_on_request, roll_back_a_part, close_inside, write_once,
        fail_to_write_once, write_nonsense, insert_returning, write_many, commit_by_hand,
    ],
)  # fmt: skip
def test_the_lock_is_given_up_on_every_way_out(two, way_out):
    with contextlib.suppress(RuntimeError, DatabaseError):
        way_out()

    assert is_free()
    assert add(ONE) is None


def test_one_transaction_is_written_whole_or_not_at_all(one, two):
    in_one_transaction()
    with pytest.raises(IntegrityError):  # Django's
        break_a_rule_in_one_transaction()

    assert run(TWO, "SELECT n FROM tally") == [(1,)]


def test_rows_of_a_writing_statement_can_be_fetched_in_every_manner(one):
    statement = "INSERT INTO tally (n) VALUES (1), (2), (3), (4) RETURNING n"
    with connections[ONE].cursor() as cursor:
        cursor.execute(statement)
        assert cursor.fetchmany(2) == [(1,), (2,)]
        assert cursor.fetchall() == [(3,), (4,)]
        assert cursor.fetchone() is None
        cursor.execute(statement)
        assert list(cursor) == [(1,), (2,), (3,), (4,)]
        cursor.execute("SELECT 5")
        assert cursor.fetchall() == [(5,)]


def test_one_who_waited_too_long_is_told_what_to_look_for(one, connect):
    connect(TWO, patience=0.1)

    with (
        transaction.atomic(using=ONE),
        pytest.raises(OperationalError, match=r"test\.db\.lock for more than 0\.1 s: look for a transaction"),
    ):
        add(TWO)


def count_together(threads: int, times: int, *, failures: list) -> None:
    """Let threads add one after reading, each in transactions on a connection of its own.

    SQLite itself does not wait here: only the lock file makes one pass after the other.
    """

    def work() -> None:
        try:
            run(ONE, "PRAGMA busy_timeout=0")
            for _ in range(times):
                with transaction.atomic(using=ONE):
                    [(n,)] = run(ONE, "SELECT n FROM tally")
                    run(ONE, f"UPDATE tally SET n = {n + 1}")
                add(ONE)
        except OperationalError as exc:
            failures.append(exc)
        finally:
            connections[ONE].close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_writers_in_threads_pass_one_after_the_other(one):
    failures = []

    count_together(4, 50, failures=failures)

    assert not failures
    assert run(ONE, "SELECT n FROM tally") == [(400,)]


def test_without_the_lock_file_they_would_fail(one, connect):
    one.close()
    connect(ONE, backend="django.db.backends.sqlite3")
    failures = []

    count_together(4, 50, failures=failures)

    assert "database is locked" in str(failures[0])


def test_writers_in_processes_pass_one_after_the_other(one):
    one.close()
    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            failures = []
            try:
                count_together(2, 50, failures=failures)
            finally:
                os._exit(len(failures))
        children.append(child)

    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert run(ONE, "SELECT n FROM tally") == [(400,)]


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = str(tmp_path / "lock")
    said, say = os.pipe()
    child = os.fork()
    if not child:
        theirs = Turnstile(path, patience=1)
        theirs.enter()
        os.write(say, b"inside")
        time.sleep(30)
        os._exit(0)
    assert os.read(said, 6) == b"inside"
    mine = Turnstile(path, patience=0)
    with pytest.raises(TooLate):
        mine.enter()

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    mine.enter()
    mine.close()


def test_a_forked_child_neither_ends_the_lock_of_its_parent_nor_keeps_it(tmp_path):
    path = str(tmp_path / "lock")
    mine, other = Turnstile(path, patience=0), Turnstile(path, patience=0)
    mine.enter()
    said, say = os.pipe()
    child = os.fork()
    if not child:
        mine.close()
        os.write(say, b"closed")
        time.sleep(30)
        os._exit(0)
    assert os.read(said, 6) == b"closed"

    with pytest.raises(TooLate):
        other.enter()
    mine.leave()
    other.enter()

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    other.close()
    mine.close()


# --- statements that take too long -----------------------------------------------------------------

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT COUNT(*) FROM n"
FEW, MANY = COUNT.format(1000), COUNT.format(3_000_000)  # a second and more


def test_a_statement_that_takes_too_long_is_broken_off_and_the_next_one_runs(one, connect):
    connect(TWO, limit=0.1)
    began = time.monotonic()

    with pytest.raises(OperationalError, match="interrupted"):
        run(TWO, MANY)

    assert time.monotonic() - began < 0.5
    assert run(TWO, FEW) == [(1000,)]
    time.sleep(0.2)  # the time of each begins anew
    assert run(TWO, FEW) == [(1000,)]


def test_a_write_that_is_broken_off_gives_its_turn_up(one, connect):
    connect(TWO, limit=0.1)

    with pytest.raises(OperationalError, match="interrupted"):
        run(TWO, f"UPDATE tally SET n = ({MANY})")

    add(ONE)
    assert run(ONE, "SELECT n FROM tally") == [(1,)]


def test_without_a_limit_it_runs_to_its_end(one):
    assert run(ONE, MANY) == [(3_000_000,)]
