"""Requests in flight: each races its caller's connection, and all end when this process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from routing.gateway.exchange import Exchange

_LAST_ARRIVALS = 0.25  # seconds after the signal: calls that the server took before it heard of it
_SETTLE_SECONDS = 2.0  # for interrupted requests to settle and say so


class Flights:
    """Knows every request that is being served."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._running: dict[asyncio.Task[None], Exchange] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` as long as the caller is there; a caller that leaves cancels it at once.

        A raw ASGI application is not cancelled by its server, and `send` stays silent.
        """
        task = asyncio.create_task(work)
        gone = asyncio.create_task(exchange.gone())
        self._running[task] = exchange
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
            await task
        except asyncio.CancelledError:
            if not task.done():  # not the work but we were cancelled
                raise
        finally:
            gone.cancel()
            del self._running[task]

    async def stop(self, grace: float) -> None:
        """Admit what has just arrived, then nothing more; give it `grace` seconds, interrupt the rest.

        The server stops listening by itself. What it took in the moment of a reload is served here:
        a refusal would be a failed call although another process is ready.
        """
        await asyncio.sleep(min(_LAST_ARRIVALS, grace))
        self.is_stopping = True
        if self._running and grace > 0:
            await asyncio.wait(list(self._running), timeout=grace)
        late = list(self._running)
        for task in late:
            self._running[task].is_interrupted = True
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_SETTLE_SECONDS)
