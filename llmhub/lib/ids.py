"""Ids of the ledger: 64 bits, ordered by time, made without asking anybody.

41 bits of milliseconds since 2025, 10 bits of worker, 12 bits of counter: the id is the
time column, the keyset order and the retention key of a row at once.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime

from llmhub.lib import clock

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
WORKERS = 1024
WORKER_SHIFT, TIME_SHIFT = 12, 22  # where the bits of worker and time begin
PER_MINUTE = 60_000 << TIME_SHIFT  # an id over this is its minute since 2025
_PER_MS = 1 << WORKER_SHIFT
_PUBLIC = re.compile(r"req_([0-7][0-9a-f]{15})", re.ASCII)


class IdMaker:
    """Makes ids for one worker; safe to share between threads."""

    def __init__(self, worker: int, *, after: int = 0) -> None:
        """Begin later than the id `after`: the clock may have been set back since it was made."""
        if not 0 <= worker < WORKERS:
            raise ValueError(f"worker {worker} is out of range: 0 to {WORKERS - 1}")
        self._worker = worker
        # ms << 12 | counter: never goes back, even when the clock does
        self._last = (after >> TIME_SHIFT) * _PER_MS + _PER_MS - 1 if after else 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return an id greater than every id this worker made before."""
        with self._lock:
            self._last = max(self._last + 1, (clock.unix_ms() - EPOCH_MS) * _PER_MS)
            ms, counter = divmod(self._last, _PER_MS)
        return (ms << TIME_SHIFT) | (self._worker << WORKER_SHIFT) | counter


def first_at(moment: datetime) -> int:
    """Return the smallest id that a row made at `moment` can have."""
    return max(0, int(moment.timestamp() * 1000) - EPOCH_MS) << TIME_SHIFT


def moment_of(row_id: int) -> datetime:
    """Return when the row of this id was made, in UTC, to the millisecond."""
    return datetime.fromtimestamp(((row_id >> TIME_SHIFT) + EPOCH_MS) / 1000, tz=UTC)


def request_id(row_id: int) -> str:
    """Return the public form of a usage record's id."""
    return f"req_{row_id:016x}"


def parse_request_id(text: str) -> int | None:
    """Return the id that `text` stands for, or None when it is no request id."""
    found = _PUBLIC.fullmatch(text)
    return int(found[1], 16) if found else None
