"""Metrics that are read from the database when somebody asks, never on the way of a call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from prometheus_client.core import Metric

log = logging.getLogger(__name__)

T = TypeVar("T")
_FRESH_SECONDS = 5.0  # however often somebody asks
_PATIENCE = 1.0  # seconds: the other metrics do not wait for a database that is away


class PolledMetrics(Generic[T]):
    """Shows the standing that was read last; nothing where it could not be read."""

    def __init__(self, read: Callable[[], T], show: Callable[[T], Iterator[Metric]]) -> None:
        self.standing: T | None = None
        self._read = read
        self._show = show
        self._read_at = -_FRESH_SECONDS
        self._reading: asyncio.Future[T] | None = None

    async def look(self, run: Callable[[Callable[[], T]], Awaitable[T]]) -> None:
        """Read how things stand with `run`, unless it was read a moment ago."""
        if time.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        if self._reading is None:  # one at a time: callers that do not get it must not queue up
            self._reading = asyncio.ensure_future(run(self._read))
        reading = self._reading
        await asyncio.wait({reading}, timeout=_PATIENCE)
        if not reading.done():
            self.standing = None
            return
        self._reading, self._read_at = None, time.monotonic()
        error = reading.exception()
        self.standing = None if error else reading.result()
        if error:
            log.warning("metrics cannot be read from the database: %s", type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; nothing where nothing could be read."""
        if self.standing is not None:
            yield from self._show(self.standing)
