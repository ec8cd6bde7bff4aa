"""The life of a gateway process: start what requests need, stop without losing a call."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Any

from django.conf import settings

from billing.content_writer import ContentWriter
from billing.ledger import Ledger
from llmhub.lib import secrets
from llmhub.lib.asgi import Receive, Send
from providers.client import Client
from providers.live_statistics import LiveStatistics
from routing.gateway import silence
from routing.gateway.breakers import Breakers
from routing.gateway.credentials import Credentials
from routing.gateway.evidence import Models
from routing.gateway.flight import Flights
from routing.gateway.hub import Hub, Limits
from routing.gateway.metrics import Metrics
from routing.gateway.mixes import TeamMixes
from routing.gateway.neighbour_metrics import NeighbourMetrics
from routing.gateway.neighbours import Neighbours, neighbours_of
from routing.gateway.provider_health import ProviderHealth
from routing.gateway.watch import Reader, Watch

log = logging.getLogger("llmhub.gateway")

_DRAIN_SECONDS = 10.0  # for what is queued in the ledger after the last request
_CONTENT_SECONDS = 2.0  # for what was said in the last calls
_STATISTICS_SECONDS = 2.0  # for what the last calls say about their offers


class Life:
    """Answers the server's lifespan; `hub` is there between start and stop."""

    def __init__(self, flights: Flights, limits: Limits) -> None:
        self.hub: Hub | None = None
        self._limits = limits
        self._flights = flights
        self._watching: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._neighbours: Neighbours | None = None
        self._listening: asyncio.Task[None] | None = None

    async def run(self, receive: Receive, send: Send) -> None:
        """Start, wait for the end, stop. A failed start is told to the server, which exits with 1."""
        await receive()
        try:
            self.hub = await self._start()
        except Exception as exc:
            log.exception("the gateway cannot start")
            await send({"type": "lifespan.startup.failed", "message": f"the gateway cannot start: {exc}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> Hub:
        watch, ledger, metrics = Watch(), Ledger(), Metrics()
        await asyncio.to_thread(ledger.start)
        await watch.start()
        contents, statistics = ContentWriter(), LiveStatistics(Models(watch))
        statistics.start()
        metrics.watch(watch, ledger, contents, statistics)
        self._watching = asyncio.create_task(watch.run())
        _on_signals(self._begin_stop)
        reader = Reader("reader")
        provider_health = ProviderHealth(reader.run)
        metrics.registry.register(provider_health)
        name = secrets.derive(settings.LLMHUB_SECRET_KEYS[0], purpose="hub name")[:16]
        credentials, breakers = Credentials(reader.run), Breakers()
        neighbours = self._neighbours = neighbours_of(name, watch, reader, breakers, credentials)
        await neighbours.start()
        metrics.registry.register(NeighbourMetrics(neighbours))
        hub = Hub(
            name=name,
            watch=watch,
            reader=reader,
            ledger=ledger,
            client=Client(),
            metrics=metrics,
            contents=contents,
            limits=self._limits,
            credentials=credentials,
            breakers=breakers,
            provider_health=provider_health,
            mixes=TeamMixes(reader.run),
            statistics=statistics,
        )
        self._listening = asyncio.create_task(silence.watch(hub, self._flights))
        return hub

    def _begin_stop(self) -> None:
        """Stop as soon as the signal comes: the server tells us only when no request is left."""
        if self._stopping is None:
            log.info("stopping: %d requests are in flight", len(self._flights))
            self._stopping = asyncio.ensure_future(self._flights.stop(settings.GRACE_SECONDS))

    async def _stop(self) -> None:
        self._begin_stop()
        assert self._stopping is not None
        await self._stopping
        hub, self.hub = self.hub, None
        assert hub is not None
        for task in (self._watching, self._listening):
            assert task is not None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert self._neighbours is not None
        await self._neighbours.close()
        if not await hub.ledger.drain(_DRAIN_SECONDS):
            log.error("the ledger could not be written whole: the sweeper will settle what is missing")
        await asyncio.to_thread(hub.ledger.close)
        await asyncio.to_thread(hub.contents.close, _CONTENT_SECONDS)
        await asyncio.to_thread(hub.statistics.close, _STATISTICS_SECONDS)
        await hub.client.aclose()
        await asyncio.to_thread(hub.watch.close)
        await asyncio.to_thread(hub.reader.close)


def _on_signals(begin_stop: Any) -> None:
    """Call `begin_stop` when the process is told to stop, beside whatever the server does then.

    The server's own handlers stay: the event loop wakes them through a file descriptor, which
    works whatever function Python calls for the signal.
    """
    loop = asyncio.get_running_loop()

    def told(_number: int, _frame: Any) -> None:
        loop.call_soon_threadsafe(begin_stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: a test; the lifespan alone stops us
            signal.signal(number, told)
            signal.siginterrupt(number, False)
