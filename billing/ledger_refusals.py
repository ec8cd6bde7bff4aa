"""Refusals on their way into the ledger: gathered in memory, written about once a second.

Refusals of the same key, code and minute become one record that counts them, however many gateways
there are. So a flood costs a row, not a transaction each; and they never hold up a call: what
waits for an answer is written first, and refusals a few at a time. A process that is killed loses
those it has not written yet.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import DataError, IntegrityError, connections, transaction
from django.db.utils import Error as DatabaseFailure

from billing import ledger_inserts as inserts
from billing import ledger_rows as rows
from billing.entries import Over, Refused
from llmhub.lib.ids import PER_MINUTE, moment_of

log = logging.getLogger(__name__)

MOST = 4096  # records that wait in memory, a few KB each
_EVERY = 1.0  # seconds
_RETRY = 0.25  # seconds, when the database did not answer
_AT_ONCE = 100  # records in one transaction: a call waits no longer than that

Kind = tuple[int, str, int, int]  # key, code, minute, the budget that was in the way


@dataclass(frozen=True, slots=True)
class Kept:
    """The first refusal of a kind, how many there were, and what the last one was over."""

    first: Refused
    times: int
    over: Over | None


class Refusals:
    """Event loops add, the ledger's thread writes."""

    def __init__(self, alias: str, *, most: int = MOST) -> None:
        self.lost = 0  # refusals that are counted nowhere but in metrics
        self.is_failing = False
        self._alias = alias
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[Kind, Kept] = {}
        self._in_hand = 0  # kinds that are just being written
        self._write_at = 0.0  # on the monotonic clock

    def __len__(self) -> int:
        """Return how many records are not on disk yet."""
        return len(self._kept) + self._in_hand

    def add(self, entry: Refused) -> None:
        """Count a refusal; one of a new kind is lost while too many kinds wait."""
        kind = _kind(entry)
        with self._lock:
            before = self._kept.get(kind)
            if before is not None:
                self._kept[kind] = Kept(before.first, before.times + 1, entry.over)
            elif len(self._kept) < self._most:
                self._kept[kind] = Kept(entry, 1, entry.over)
            else:
                self.lost += 1

    def hurry(self) -> None:
        """Have everything written at the thread's next turn: the process is stopping."""
        self._write_at = 0.0

    def patience(self, most: float) -> float:
        """Return how many seconds the thread may wait for calls before it has to write refusals."""
        return min(most, max(0.0, self._write_at - time.monotonic())) if self._kept else most

    def write_due(self) -> bool:
        """Write some if it is time; what is left is due at the next turn. False where nothing was written."""
        if not self._kept or time.monotonic() < self._write_at:
            return False
        some = self._take()
        try:
            self._write(some)
        except DatabaseFailure as exc:
            self._put_back(some)
            self._postpone(exc)
            return False
        finally:
            self._in_hand = 0
        self.is_failing = False
        if not self._kept:
            self._write_at = time.monotonic() + _EVERY
        return True

    def _take(self) -> list[Kept]:
        """Take out the oldest kinds, in the order in which every gateway locks their records."""
        with self._lock:
            kinds = sorted(islice(self._kept, _AT_ONCE))
            self._in_hand = len(kinds)
            return [self._kept.pop(kind) for kind in kinds]

    def _put_back(self, some: Sequence[Kept]) -> None:
        """Keep for later what could not be written; meanwhile more may have come."""
        with self._lock:
            for kept in some:
                later = self._kept.get(_kind(kept.first))
                times, over = (later.times, later.over) if later else (0, kept.over)
                self._kept[_kind(kept.first)] = Kept(kept.first, kept.times + times, over)

    def _write(self, some: list[Kept]) -> None:
        """Write records in one transaction, or each in its own where one is bad: that one is lost.

        Raises what the database raises when it does not answer; `some` is then what is not written.
        """
        try:
            self._add(some)
            some.clear()
        except Exception as exc:
            if _is_away(exc):
                raise
        while some:
            self._write_alone(some[-1])
            some.pop()

    def _write_alone(self, kept: Kept) -> None:
        try:
            self._add([kept])
        except Exception as exc:
            if _is_away(exc):
                raise
            self.lost += kept.times
            log.error("the ledger cannot take refusals like %d", kept.first.id, exc_info=exc)

    def _add(self, some: Sequence[Kept]) -> None:
        with transaction.atomic(using=self._alias), connections[self._alias].cursor() as cursor:
            inserts.add_refusals(cursor, [rows.refusal(kept.first, kept.times) for kept in some])
            over = [rows.over(each.over, each.times, _at(each)) for each in some if each.over]
            inserts.add_over(cursor, sorted(over))

    def _postpone(self, exc: Exception) -> None:
        """Try again in a moment, with a fresh connection."""
        if not self.is_failing:
            log.error("refusals wait, the ledger's database does not answer: %s", exc)
        self.is_failing = True
        connections[self._alias].close()
        self._write_at = time.monotonic() + _RETRY


def _is_away(exc: Exception) -> bool:
    """Return whether it is the database that does not answer: then nothing is wrong with the refusal."""
    return isinstance(exc, DatabaseFailure) and not isinstance(exc, IntegrityError | DataError)


def _kind(entry: Refused) -> Kind:
    budget = entry.over.budget_id if entry.over else 0
    return entry.key_id, entry.error_code, entry.id // PER_MINUTE, budget


def _at(kept: Kept) -> int:
    return int(moment_of(kept.first.id).timestamp())
