"""The statistics of one gateway process: counted in memory, written and read beside the path of a call.

A database that is away costs statistics for a while, never a call.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection, Mapping

from django.db import connection

from llmhub.lib import clock
from providers import statistics_rows
from providers.evidence_models import Degradation, MinuteStatistic
from providers.live import Live
from providers.statistics import MINUTE, REMEMBERED, Statistics
from providers.statistics_rows import Kept
from providers.tally import Outcome

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two writes
_FRESH = 1.0  # seconds after which what is known is worked out anew
_LATE = 10  # minutes: how far back others' rows are looked at again


class LiveStatistics:
    """Counts what attempts came to; a thread writes it, and learns what other processes counted."""

    def __init__(self, models: Callable[[], Mapping[int, int]] = dict, *, every: float = EVERY) -> None:
        self.failures = 0  # writes and reads that the database did not take
        self._statistics = Statistics(secrets.token_hex(8))
        self._models = models  # offers that serve the same model, by its id
        self._every = every
        self._degraded: Collection[int] = ()
        self._live: Mapping[int, Live] = {}
        self._live_at: float | None = None
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self._is_away = False

    @property
    def process(self) -> str:
        """The name under which this process writes."""
        return self._statistics.process

    @property
    def lost(self) -> int:
        """Minutes of offers that could not be written."""
        return self._statistics.lost

    def record(self, target_id: int, outcome: Outcome) -> None:
        """Count an attempt that ended; never waits for the database."""
        now = clock.unix_ms() / 1000
        with self._lock:
            self._statistics.record(target_id, outcome, now)

    def live(self, now: float) -> Mapping[int, Live]:
        """Return what is known of each offer by its id; `now` is seconds of any clock that goes on.

        A request works nothing out: a thread does, once a second, where one was started.
        """
        if not self._threads and (self._live_at is None or now >= self._live_at + _FRESH):
            self._live_at = now
            self._refresh()
        return self._live

    def _refresh(self) -> None:
        """Work out what is known; a call that ends meanwhile waits for one offer at most."""
        now = clock.unix_ms() / 1000
        with self._lock:
            stale = self._statistics.stale(now)
        for target_id in stale:
            with self._lock:
                self._statistics.refresh(target_id, now)
        self._live = self._statistics.lives(self._models(), self._degraded)

    def start(self) -> None:
        """Begin to write and to work out; what was counted in the last hours is read first."""
        for name, work in (("statistics", self._run), ("live statistics", self._keep_live)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _keep_live(self) -> None:
        while not self._end.wait(_FRESH):
            try:
                self._refresh()
            except Exception:  # a fault of ours: what was known goes on to be said
                log.exception("what is known of offers cannot be worked out")

    def close(self, patience: float) -> None:
        """Write what is there, for so many seconds at most, and end."""
        self._end.set()
        for thread in self._threads:
            thread.join(patience)

    def _run(self) -> None:
        reaches = REMEMBERED
        while True:
            connection.close_if_unusable_or_obsolete()
            if self._exchange(reaches):
                reaches = _LATE
            if self._end.is_set():
                break
            self._end.wait(self._every)
        connection.close()

    def _exchange(self, reaches: int) -> bool:
        """Write what changed, read what others wrote in so many minutes; return whether that worked."""
        try:
            self.write()
            self.read(reaches)
        except Exception as exc:  # whatever it is: calls go on, and the next turn tries again
            self._failed(exc)
            return False
        if self._is_away:
            log.info("statistics are written again")
        self._is_away = False
        return True

    def write(self) -> None:
        """Write the minutes that changed since they were written."""
        with self._lock:
            changed = self._statistics.unwritten()
        rows: list[MinuteStatistic] = []
        written: dict[tuple[int, int], int] = {}
        for target_id, minute, tally in changed:
            with self._lock:  # for each alone: a call that ends meanwhile waits for one row at most
                rows.append(statistics_rows.row_of(Kept(target_id, minute, self.process, tally)))
                written[target_id, minute] = tally.attempts
        statistics_rows.write(rows)
        with self._lock:
            self._statistics.written(written)

    def read(self, reaches: int) -> None:
        """Learn what other processes wrote in the last so many minutes, and which offers have degraded."""
        degraded = Degradation.objects.filter(ended_at=None).values_list("target_id", flat=True)
        self._degraded = frozenset(degraded)
        now = clock.unix_ms() / 1000
        first = int(now // MINUTE) - reaches
        rows = MinuteStatistic.objects.filter(minutes=1, minute__gte=first).exclude(process=self.process)
        for kept in statistics_rows.kept(rows.order_by("id")):
            with self._lock:
                self._statistics.take_in(
                    kept.target_id, process=kept.process, minute=kept.minute, tally=kept.tally, now=now
                )

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if not self._is_away:
            log.warning("statistics cannot be written or read; calls go on", exc_info=error)
        self._is_away = True
