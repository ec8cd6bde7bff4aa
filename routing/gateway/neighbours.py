"""What gateway processes tell each other of offers and credentials, and write down: beside the calls.

Every 250 ms through Redis; without it each process is on its own, and `/metrics` says so. What breakers
did is also written to the database, from which a process that starts takes over how they stand.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings

from llmhub.lib import clock
from llmhub.lib.store import Channel, Message
from providers import breaker_log
from providers.breaker_change import Change, Word, read_word, word_of
from providers.breaker_models import BreakerEvent
from routing.gateway.breakers import Breakers, Key
from routing.gateway.credentials import Credentials, Rest, Run
from routing.gateway.watch import Reader, Watch

log = logging.getLogger(__name__)

ROUND_SECONDS = 0.25
_AWAY_SECONDS = 2.0  # between two tries while nothing is heard
_MOST_UNSAID = 1_000
_MOST_UNWRITTEN = 10_000  # changes that wait for the database; the oldest are lost


@dataclass
class Neighbours:
    """One process among those that serve the same hub."""

    breakers: Breakers
    credentials: Credentials
    channel: Channel
    run: Run  # calls a function where the database may be used
    version: Callable[[], int]  # of the configuration: it changes when a person closes a breaker
    process: str  # its name in the events
    heard: int = 0  # changes of others that were taken over
    lost: int = 0  # changes that could not be written
    _unwritten: list[Change] = field(default_factory=list)
    _unsaid: list[Change | Rest] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _writing: asyncio.Future[Any] | None = None
    _looked_at: int = -1  # version
    _last_event: int = 0  # id of the newest that was looked at
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="neighbours")
    )

    async def start(self) -> None:
        """Take over how the breakers stand, and begin to tell and hear. Raises what the database raises."""
        self._last_event = await self.run(breaker_log.last_id)
        self._looked_at = self.version()
        now = clock.now()
        for event in (await self.run(breaker_log.newest)).values():
            if event.after != BreakerEvent.State.CLOSED:
                left = (event.open_until - now).total_seconds() if event.open_until else 0.0
                key = (event.target_id, event.base_url)
                self.breakers.restore(key, max(0.0, left), event.times_opened, time.monotonic())
        self._task = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_AWAY_SECONDS if self.channel.is_away else ROUND_SECONDS)
            try:
                await self.round()
            except Exception:  # a bug here must not leave the process deaf for ever
                log.exception("gateways could not tell each other how providers do")

    async def round(self) -> None:
        """Tell what is new here, take over what is new elsewhere, and have the changes written."""
        changes = _taken(self.breakers.news)
        self._unwritten = self._bounded(self._unwritten + changes)
        self._unsaid = (self._unsaid + changes + _taken(self.credentials.news))[-_MOST_UNSAID:]
        heard = await asyncio.get_running_loop().run_in_executor(
            self._pool, self.channel.exchange, [word.text() for word in self._words()]
        )
        if heard is not None:
            self._unsaid = []
            self._take_over(heard)
        if self._unwritten and self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        await self._look_for_hands()

    async def close(self) -> None:
        """Say and write what is left, and end the connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        try:
            await self.round()
        except Exception:  # whatever it is: the process has to end
            log.exception("what breakers did last is not told")
        if self._writing is not None:
            await self._writing
        self._pool.shutdown(wait=True)
        self.channel.close()

    def _words(self) -> list[Word]:
        """Return what is said now: of times only what is left of them."""
        now, here = clock.now(), time.monotonic()
        said = []
        for each in self._unsaid:
            if isinstance(each, Rest):
                said.append(Word("rests", each.id, each.model, max(0.0, each.until - here)))
            elif word := word_of(each, now=now):
                said.append(word)
        return said

    def _take_over(self, heard: list[Message]) -> None:
        """Of each offer the last word counts, in the order in which all hear them; one's own changes nothing.

        What this process has seen since is newer, and is told next time.
        """
        last: dict[tuple[str, int, str], tuple[Message, Word]] = {}
        for message in heard:
            if word := read_word(message.text):
                subject = "credential" if word.kind == "rests" else "offer"
                last[subject, word.id, word.of] = (message, word)
        seen_since = {change.key for change in self.breakers.news}
        for message, word in last.values():
            if message.sender != self.process:
                self._hear(word, word.seconds - message.age, seen_since)

    def _hear(self, word: Word, left: float, seen_since: set[Key]) -> None:
        key, now = (word.id, word.of), time.monotonic()
        if word.kind == "rests":
            self.credentials.hear_rest(*key, left, now)
        elif key in seen_since:
            return
        elif word.kind == "closed":
            self.breakers.hear_closed(key)
        elif left > 0:
            self.breakers.hear_opened(key, left, word.times_opened, now)
        self.heard += 1

    async def _look_for_hands(self) -> None:
        """Close what a person closed: that is a change of the configuration."""
        if self.version() == self._looked_at:
            return
        version = self.version()
        for event in await self.run(partial(breaker_log.closed_by_hand, after=self._last_event)):
            self.breakers.hear_closed((event.target_id, event.base_url))
            self._last_event = event.pk
        self._looked_at = version

    def _bounded(self, changes: list[Change]) -> list[Change]:
        self.lost += max(0, len(changes) - _MOST_UNWRITTEN)
        return changes[-_MOST_UNWRITTEN:]

    async def _write(self) -> None:
        changes, self._unwritten = self._unwritten, []
        try:
            await self.run(partial(breaker_log.write, self.process, changes))
        except Exception as exc:
            log.warning("what breakers did cannot be written yet: %s", type(exc).__name__)
            self._unwritten = changes + self._unwritten
            await asyncio.sleep(_AWAY_SECONDS)
        finally:
            self._writing = None


def _taken(news: Any) -> list[Any]:
    taken = list(news)
    news.clear()
    return taken


def neighbours_of(
    hub: str, watch: Watch, reader: Reader, breakers: Breakers, credentials: Credentials
) -> Neighbours:
    """Return this process among those of a hub."""
    process = f"{socket.gethostname()[:80]}:{os.getpid()}"
    channel = Channel(settings.REDIS_URL, f"llmhub:gateways:{hub}", sender=process)
    return Neighbours(
        breakers=breakers,
        credentials=credentials,
        channel=channel,
        run=reader.run,
        version=lambda: watch.snapshot.version,
        process=process,
    )
