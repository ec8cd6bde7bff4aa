"""Keep the snapshot fresh: look about once a second, swap it whole, keep the last good one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from routing import load
from routing.snapshot import Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")
LOOK_SECONDS = 1.0
STALE_SECONDS = 5.0  # a revoked key dies within this time


class Reader:
    """One thread with one database connection, for what a gateway reads beside the path of a call."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[[], T]) -> T:
        """Return what `function` returns, called in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _in_thread, function)

    def close(self) -> None:
        """End the thread and its connection."""
        self._pool.submit(connection.close)
        self._pool.shutdown(wait=True)


def _in_thread(function: Callable[[], T]) -> T:
    connection.close_if_unusable_or_obsolete()
    return function()


class Watch:
    """Holds the newest good snapshot."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(version=-1)
        self.error = ""  # why the last look failed
        self.failures = 0
        self._reader = Reader("snapshot")
        self._looked_at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the last look that succeeded."""
        return time.monotonic() - self._looked_at

    async def start(self) -> None:
        """Read the first snapshot. Raises what the database raises."""
        self.snapshot = await self._reader.run(load.load_snapshot)
        self._looked_at = time.monotonic()

    async def run(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        try:
            if await self._reader.run(load.current_version) != self.snapshot.version:
                self.snapshot = await self._reader.run(load.load_snapshot)
        except Exception as exc:  # whatever it is: the last good snapshot goes on serving
            self.failures += 1
            if not self.error:
                log.exception("the configuration cannot be read; the last good one is kept")
            self.error = type(exc).__name__
            return
        if self.error:
            log.info("the configuration can be read again")
        self.error = ""
        self._looked_at = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._reader.close()
