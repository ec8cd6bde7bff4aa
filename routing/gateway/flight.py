"""Requests in flight: each races its caller's connection, and all end when this process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from routing.gateway.exchange import Exchange

_LAST_ARRIVALS = 0.25  # seconds after the signal: calls that the server took before it heard of it
_SETTLE_SECONDS = 2.0  # for interrupted requests to settle and say so


@dataclass(slots=True, eq=False)
class Flight:
    """One request that is being served, in the task that serves it."""

    exchange: Exchange
    task: asyncio.Task[Any]
    is_over: bool = False  # it was served, or is being ended

    def end(self, gone: asyncio.Future[Any] | None = None) -> None:
        """Cancel its work, once; what was served stays. `gone`: for its caller left, which some let go on."""
        if gone is not None and self.exchange.finishes:
            self.exchange.is_left = not self.is_over
        elif not self.is_over:
            self.is_over = True
            self.task.cancel()


class Flights:
    """Knows every request that is being served."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._running: set[Flight] = set()

    def __len__(self) -> int:
        return len(self._running)

    def running(self) -> list[Exchange]:
        """Return what is being served."""
        return [flight.exchange for flight in self._running]

    async def run(self, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` as long as the caller is there; a caller that leaves cancels it at once.

        A raw ASGI application is not cancelled by its server, and `send` stays silent.
        """
        task = asyncio.current_task()
        assert task is not None
        flight = Flight(exchange, task)
        gone = asyncio.ensure_future(exchange.gone())  # no task where the server's own future is one
        gone.add_done_callback(flight.end)
        self._running.add(flight)
        try:
            await work
        except asyncio.CancelledError:
            if not flight.is_over:  # it was not ended here
                raise
        finally:
            self._running.remove(flight)
            if flight.is_over:
                task.uncancel()
            flight.is_over = True
            gone.cancel()

    async def stop(self, grace: float) -> None:
        """Admit what has just arrived, then nothing more; give it `grace` seconds, interrupt the rest.

        The server stops listening by itself. What it took in the moment of a reload is served here:
        a refusal would be a failed call although another process is ready.
        """
        await asyncio.sleep(min(_LAST_ARRIVALS, grace))
        self.is_stopping = True
        if self._running and grace > 0:
            await asyncio.wait([flight.task for flight in self._running], timeout=grace)
        late = list(self._running)
        for flight in late:
            flight.exchange.is_interrupted = True
            flight.end()
        if late:
            await asyncio.wait([flight.task for flight in late], timeout=_SETTLE_SECONDS)
