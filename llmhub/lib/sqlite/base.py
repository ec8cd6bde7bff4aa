"""Django's SQLite backend, whose writers queue at a lock file instead of polling.

Every write transaction, one of a single statement included, holds `<database>.lock` from before
its BEGIN until after its COMMIT or ROLLBACK. SQLite's own waiting sleeps up to 100 ms between two
looks and lets others pass; it remains for writers that do not come this way.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db.backends.sqlite3 import base

from llmhub.lib.sqlite.turnstile import Turnstile

_READS = frozenset({"SELECT", "(SELECT", "PRAGMA", "EXPLAIN", "VALUES"})
_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_STEERS = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
_PATIENCE = 5.0  # seconds, where the settings have no `timeout`
_STEPS = 50_000  # of SQLite's machine, a millisecond or so, between two looks at the clock


def _writes(statement: str) -> bool:
    """Return whether a statement outside a transaction may write; in doubt it does."""
    word = statement.split(None, 1)[0].upper() if statement.strip() else "SELECT"
    if word == "WITH":  # the sums of a page begin so, and may take longer than a hundred calls
        return _CHANGES.search(statement) is not None
    return word not in _READS and word not in _STEERS


@lru_cache(maxsize=256)
def _with_question_marks(statement: str) -> str:
    """Return a statement with the placeholders of SQLite: the same few are run again and again."""
    return base.FORMAT_QMARK_REGEX.sub("?", statement).replace("%%", "%")


class Limit:
    """Breaks off a statement that takes too long, rows that are read later included."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = math.inf  # on the monotonic clock

    def begin(self) -> None:
        """Note that a statement begins."""
        self._until = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        """Return whether SQLite is to give up; it asks every so many steps."""
        return time.monotonic() > self._until


class Cursor(base.SQLiteCursorWrapper):
    """Takes a turn for a write that is a transaction by itself, and gives it up when it is done."""

    turnstile: Turnstile | None = None
    limit: Limit | None = None
    _fetched: Iterator[Any] | None = None

    def execute(self, query: str, params: Any = None) -> Any:
        """Run one statement."""
        if isinstance(params, list) and self._goes_on():
            return sqlite3.Cursor.execute(self, _with_question_marks(query), params)
        return self._in_turn(query, lambda: base.SQLiteCursorWrapper.execute(self, query, params))

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Run one statement with many rows of parameters."""
        if isinstance(param_list, list) and self._goes_on():
            return sqlite3.Cursor.executemany(self, _with_question_marks(query), param_list)
        return self._in_turn(query, lambda: base.SQLiteCursorWrapper.executemany(self, query, param_list))

    def convert_query(self, query: str, *, param_names: Sequence[str] | None = None) -> str:
        """Return a statement of Django's as SQLite takes it."""
        if param_names is None:
            return _with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))

    def _goes_on(self) -> bool:
        """Return whether nothing is to be seen to: its transaction has its turn, and there is no limit.

        The ledger comes this way a dozen times in each batch.
        """
        self._fetched = None
        return self.limit is None and self.connection.in_transaction

    def _in_turn(self, query: str, run: Callable[[], Any]) -> Any:
        self._fetched = None
        if self.turnstile is None or self.connection.in_transaction or not _writes(query):
            return self._limited(run)
        self.turnstile.enter()
        try:
            self._limited(run)
            if self.description is not None:  # RETURNING: it commits only when its last row is read
                self._fetched = iter(base.SQLiteCursorWrapper.fetchall(self))
        finally:
            if not self.connection.in_transaction:  # with autocommit off it has begun one
                self.turnstile.leave()
        return self

    def _limited(self, run: Callable[[], Any]) -> Any:
        if self.limit is not None:
            self.limit.begin()
        return run()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return super().__next__() if self._fetched is None else next(self._fetched)

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return super().fetchone() if self._fetched is None else next(self._fetched, None)

    def fetchmany(self, size: int | None = None) -> Any:
        """Return the next rows."""
        wanted = self.arraysize if size is None else size
        if self._fetched is None:
            return super().fetchmany(wanted)
        return list(islice(self._fetched, wanted))

    def fetchall(self) -> Any:
        """Return all rows that are left."""
        return super().fetchall() if self._fetched is None else list(self._fetched)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to a SQLite file whose writers wait in line.

    With the option `statement_seconds` a statement that takes longer is broken off.
    """

    turnstile: Turnstile | None = None
    limit: Limit | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the connection is made with, without what is ours."""
        parameters: dict[str, Any] = super().get_connection_params()
        seconds = parameters.pop("statement_seconds", None)
        self.limit = Limit(seconds) if seconds else None
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; a database in memory has no lock file, since nobody else can write to it."""
        if not self.is_in_memory_db():
            patience = conn_params.get("timeout", _PATIENCE)
            self.turnstile = Turnstile(f"{conn_params['database']}.lock", patience=patience)
        connection = super().get_new_connection(conn_params)
        if self.limit is not None:
            connection.set_progress_handler(self.limit.is_over, _STEPS)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor that knows where to wait."""
        cursor = self.connection.cursor(factory=Cursor)
        cursor.turnstile, cursor.limit = self.turnstile, self.limit
        return cursor

    @contextmanager
    def one_transaction(self) -> Iterator[Cursor]:
        """Run what is inside as one transaction and give it a cursor; none may be open already.

        It is `transaction.atomic` without savepoints, hooks and looks at each step: for the ledger, whose
        batch of one call takes a sixth less time.
        """
        self.ensure_connection()
        with self.wrap_database_errors, closing(self.create_cursor()) as cursor:
            self._enter()
            try:
                sqlite3.Cursor.execute(cursor, "BEGIN IMMEDIATE")
                yield cursor
                self.connection.commit()
            except BaseException:
                self.connection.rollback()
                raise
            finally:
                self._leave()

    def _start_transaction_under_autocommit(self) -> None:
        self._enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._leave()  # not after a commit that failed: the transaction is still there

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            if self.connection is None or not self.connection.in_transaction:
                self._leave()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            if self.turnstile is not None:
                self.turnstile.close()
                self.turnstile = None

    def _enter(self) -> None:
        if self.turnstile is not None:
            with self.wrap_database_errors:
                self.turnstile.enter()

    def _leave(self) -> None:
        if self.turnstile is not None:
            self.turnstile.leave()
