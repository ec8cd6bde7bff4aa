"""What gateway processes tell each other of offers and credentials, and write down: beside the calls.

Through Redis, at once; without it each process is on its own, and `/metrics` says so. What breakers did is
also written to the database, from which a process that starts takes over how they stand. All hear all words
in the same order, and in the end the last one counts for all.
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

from catalog.gone import tell_gone
from llmhub.lib import clock
from llmhub.lib.store import Channel, Message
from providers import breaker_log
from providers.breaker_change import Change, Word, read_word, word_of
from providers.breaker_models import BreakerEvent
from routing.gateway.breakers import Breakers
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
    _says_again_at: float = 0.0  # on the monotonic clock
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _writing: asyncio.Future[Any] | None = None
    _looked_at: int = -1  # version
    _last_event: int = 0  # id of the newest that was looked at
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=2, thread_name_prefix="neighbours")
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
        self.breakers.on_news = self.credentials.on_news = self._news.set
        self._tasks = [asyncio.create_task(self._tell_on()), asyncio.create_task(self._hear_on())]

    async def _tell_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), ROUND_SECONDS)
            self._news.clear()
            try:
                await self.tell()
            except Exception:  # a bug here must not leave the process mute for ever
                log.exception("other gateways could not be told how providers do")

    async def _hear_on(self) -> None:
        while True:
            try:
                listens = await self.hear(patience=ROUND_SECONDS)
            except Exception:  # nor deaf
                log.exception("what other gateways said could not be taken over")
                listens = False
            if not listens:
                await asyncio.sleep(_AWAY_SECONDS)

    async def tell(self) -> None:
        """Tell what is new here, and have the changes written."""
        changes = _taken(self.breakers.news)
        self._unwritten = self._bounded(self._unwritten + changes)
        self._unsaid = (self._unsaid + changes + _taken(self.credentials.news))[-_MOST_UNSAID:]
        has_work = self._unwritten or self.breakers.gone or self.version() != self._looked_at
        if has_work and self._writing is None:
            self._writing = asyncio.ensure_future(self._write())  # a slow database makes nobody mute
        if self._unsaid and time.monotonic() >= self._says_again_at:
            told, words = self._unsaid, [word.text() for word in self._words()]
            is_taken = await self._in_thread(partial(self.channel.say, words))
            self._unsaid = self._unsaid[len(told) :] if is_taken else self._unsaid
            self._says_again_at = 0.0 if is_taken else time.monotonic() + _AWAY_SECONDS

    async def hear(self, *, patience: float = 0.0) -> bool:
        """Take over what was said since the last time; return whether anything can be heard."""
        heard = await self._in_thread(partial(self.channel.hear, patience=patience))
        self._take_over(heard or [])
        return heard is not None

    async def _in_thread(self, function: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    async def close(self) -> None:
        """Say and write what is left, and end the connection."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        try:
            await self.tell()
        except Exception:  # whatever it is: the process has to end
            log.exception("what breakers did last is not told")
        if self._writing is not None:
            await self._writing
        if self._unwritten:  # it came while others were written
            await self._write()
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
        """Of each offer the last word counts; what this process saw since is newer, and told in a moment."""
        last: dict[tuple[str, int, str], tuple[Message, Word]] = {}
        for message in heard:
            if word := read_word(message.text):
                subject = "credential" if word.kind == "rests" else "offer"
                last[subject, word.id, word.of] = (message, word)
        unsaid = {each.key for each in (*self.breakers.news, *self._unsaid) if isinstance(each, Change)}
        for message, word in last.values():
            left, is_own = word.seconds - message.age, message.sender == self.process
            self.heard += not is_own
            if word.kind == "rests":
                self.credentials.hear_rest(word.id, word.of, left, time.monotonic())
            elif (word.id, word.of) not in unsaid:
                self._hear(word, left, is_own=is_own)

    def _hear(self, word: Word, left: float, *, is_own: bool) -> None:
        """Take over a word about an offer; one's own only where an older one of others undid it."""
        key, now = (word.id, word.of), time.monotonic()
        if word.kind == "closed":
            self.breakers.hear_closed(key)
        elif left > 0 and not is_own:
            self.breakers.hear_opened(key, left, word.times_opened, now)
        elif left > 0 and self.breakers.is_closed(key):
            self.breakers.restore(key, left, word.times_opened, now)

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
        """Write what happened here, and read what people closed."""
        changes, self._unwritten = self._unwritten, []
        try:
            if changes:
                await self.run(partial(breaker_log.write, self.process, changes))
                changes = []
            for offer_id, status in _taken(self.breakers.gone):
                await self.run(partial(tell_gone, offer_id, status=status))
            await self._look_for_hands()
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
