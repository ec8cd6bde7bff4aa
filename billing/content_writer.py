"""Write what was said in calls, encrypted, beside the path of a call: what cannot be kept up with is lost.

It never waits for the database where a call could notice, and what it loses it counts.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from billing.content_models import CallContent, ContentConsent
from llmhub.lib import clock, secrets

log = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024  # that are kept of a request, and of an answer
_QUEUED_BYTES = 16 * 1024 * 1024  # that wait at most
_BATCH_BYTES = 1024 * 1024  # in one transaction, about: the ledger waits no longer than that takes
_GATHER = 0.25  # seconds for more to come: each transaction is one that the ledger may have to wait for


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in one call, as far as it is kept."""

    id: int
    team_id: int
    delete_after: datetime
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    request_bytes: int  # of the whole
    answer_bytes: int

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return len(self.request) + len(self.answer)


class ContentWriter:
    """A thread that begins with the first call that is kept."""

    def __init__(self) -> None:
        self.kept = 0
        self.lost = 0  # calls whose content should have been kept
        self._waiting: deque[Said] = deque()
        self._bytes = 0  # of all that is waiting
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def put(self, said: Said) -> None:
        """Have a call's content written, if there is room for it; never waits."""
        with self._changed:
            if self._is_closed or self._bytes + said.size > _QUEUED_BYTES:
                self.lost += 1
                return
            self._waiting.append(said)
            self._bytes += said.size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="content", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, patience: float) -> None:
        """Write what is waiting, for so many seconds at most, and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        while batch := self._next():
            self._write(batch)

    def _next(self) -> list[Said]:
        """Return what is to be written together; nothing at the end."""
        with self._changed:
            if not self._waiting:
                connection.close()
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            self._changed.wait_for(lambda: self._bytes >= _BATCH_BYTES or self._is_closed, _GATHER)
            batch: list[Said] = []
            while self._waiting and sum(said.size for said in batch) < _BATCH_BYTES:
                batch.append(self._waiting.popleft())
            self._bytes -= sum(said.size for said in batch)
        return batch

    def _write(self, batch: Sequence[Said]) -> None:
        try:
            _hurry()
            self.kept += write(batch)
        except Exception as exc:  # whatever it is: calls go on; no traceback, which could quote them
            self.lost += len(batch)
            log.warning("what was said in %d calls is not kept: %s", len(batch), type(exc).__name__)


def _hurry() -> None:
    """Let SQLite not wait for the disk: what a loss of power takes here is no money, and others wait less.

    Source: https://www.sqlite.org/pragma.html#pragma_synchronous
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = NORMAL")


def write(batch: Sequence[Said]) -> int:
    """Save what the consent of its team still covers, and return how many that was."""
    rows = [_row(said) for said in batch]
    with transaction.atomic():
        teams = {row.team_id for row in rows}
        locked = ContentConsent.objects.select_for_update().filter(team_id__in=teams).order_by("pk")
        consents, now = {row.team_id: row for row in locked}, clock.now()
        covered = [row for row in rows if _covers(consents.get(row.team_id), row, now)]
        CallContent.objects.bulk_create(covered, ignore_conflicts=True)
    return len(covered)


def _covers(consent: ContentConsent | None, row: CallContent, now: datetime) -> bool:
    return consent is not None and consent.stands(now) and row.pk > consent.deleted_to


def _row(said: Said) -> CallContent:
    return CallContent(
        id=said.id,
        team_id=said.team_id,
        delete_after=said.delete_after,
        request=secrets.encrypt(said.request.decode(errors="replace")),
        answer=secrets.encrypt(said.answer.decode(errors="replace")),
        request_bytes=said.request_bytes,
        answer_bytes=said.answer_bytes,
    )
