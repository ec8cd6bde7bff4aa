"""The breakers of one gateway process: which offers are not called for a while."""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from llmhub.lib import clock
from providers.breaker import IN_A_ROW, Breaker, Entry
from providers.breaker_change import Change
from providers.errors import BadReply, ModelGone, ProviderError, ProviderUnavailable, TooLarge
from routing.gateway.reading import BrokeOff
from routing.snapshot import OfferValue

log = logging.getLogger("llmhub.breaker")

Key = tuple[int, str]  # of an offer, and its address

# What a provider's illness looks like. A limit, a refused credential, an unknown model and a rejected
# request are none: they say nothing about the next call of somebody else. Nor does an answer that is too
# large for llmhub: any caller could ask for some.
_ILLNESS = (ProviderUnavailable, BadReply, BrokeOff)
GONE_AFTER = 3  # calls in a row
_MOST_NEWS = 10_000  # changes that wait to be told; the oldest are forgotten
_LATER = (0.2, 0.5)  # seconds by which a process that was told tries later than the one that saw it
_chance = random.Random()  # noqa: S311 - spread, not secret


@dataclass(slots=True)
class Breakers:
    """One breaker for each offer that was called, at the address it has."""

    news: deque[Change] = field(default_factory=lambda: deque(maxlen=_MOST_NEWS))  # not told to others yet
    gone: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=100))  # offer, status
    on_news: Callable[[], None] | None = None
    _all: dict[Key, Breaker] = field(default_factory=dict)
    _open: set[Key] = field(default_factory=set)  # those that are not closed
    _unknown: dict[int, int] = field(default_factory=dict)  # by offer: calls in a row that found no model

    def waits(self, now: float) -> Mapping[Key, float]:
        """Return the offers that are not called now, with the seconds until they may be."""
        waits = {key: self._all[key].wait(now) for key in self._open}
        return {key: wait for key, wait in waits.items() if wait > 0}

    def wait(self, offer: OfferValue, now: float) -> float:
        """Return the seconds until an offer may be called; 0 when it may be now."""
        breaker = self._all.get(key_of(offer))
        return breaker.wait(now) if breaker else 0.0

    def enter(self, offer: OfferValue, now: float) -> Entry | None:
        """Return the entry of an attempt that may be made, which is handed back when it ends."""
        breaker = self._all.setdefault(key_of(offer), Breaker())
        entry = breaker.enter(now)
        if entry is not None and entry.is_probe:
            opened = breaker.times_opened
            self._tell(offer, before="open", after="half_open", reason="probe", times_opened=opened)
        return entry

    def answers(self, offer: OfferValue, entry: Entry) -> None:
        """Note that an attempt begins to be answered."""
        if self._all[key_of(offer)].answers(entry):
            self._closed(offer)

    def succeeded(self, offer: OfferValue, entry: Entry, now: float) -> None:
        """Note an attempt that was answered."""
        self._unknown.pop(offer.id, None)
        if self._all[key_of(offer)].succeeded(entry, now):
            self._closed(offer)

    def failed(self, offer: OfferValue, entry: Entry, error: ProviderError, now: float) -> None:
        """Note an attempt that failed."""
        breaker = self._all[key_of(offer)]
        if isinstance(error, ModelGone):
            self._miss(offer, error)
        if not isinstance(error, _ILLNESS) or isinstance(error, TooLarge):
            breaker.leave(entry)
        elif breaker.failed(entry, now, _chance.random()):
            self._opened(offer, breaker, entry, error, now)

    def left(self, offer: OfferValue, entry: Entry) -> None:
        """Note an attempt that ended with its caller, or with this process."""
        self._all[key_of(offer)].leave(entry)

    def hear_opened(self, key: Key, seconds: float, times_opened: int, now: float) -> None:
        """Take over what another process saw; it is left to that one to try it first."""
        later = seconds + _chance.uniform(*_LATER)
        self.restore(key, later, times_opened, now)

    def restore(self, key: Key, seconds: float, times_opened: int, now: float) -> None:
        """Leave an offer alone for so long; not at all: the next call tries it."""
        if self._all.setdefault(key, Breaker()).open_until_then(now + seconds, times_opened):
            self._open.add(key)

    def is_closed(self, key: Key) -> bool:
        """Return whether calls go to an offer as usual."""
        return key not in self._open

    def hear_closed(self, key: Key) -> None:
        """Take over that an offer is well."""
        breaker = self._all.get(key)
        if breaker is not None and breaker.close():
            self._open.discard(key)

    def _miss(self, offer: OfferValue, error: ModelGone) -> None:
        """Count calls that found no model: after some in a row the catalog is told."""
        times = self._unknown.pop(offer.id, 0) + 1
        if times % GONE_AFTER == 0:
            self.gone.append((offer.id, error.status or 0))
        self._unknown[offer.id] = times

    def _opened(
        self, offer: OfferValue, breaker: Breaker, entry: Entry, error: ProviderError, now: float
    ) -> None:
        self._open.add(key_of(offer))
        calls, failed = breaker.window()
        in_a_row = "in_a_row" if breaker.failures >= IN_A_ROW else "share"
        self._tell(
            offer,
            before="half_open" if entry.is_probe else "closed",
            after="open",
            reason="probe_failed" if entry.is_probe else in_a_row,
            failures=breaker.failures,
            calls=calls,
            failed=failed,
            open_seconds=breaker.wait(now),
            times_opened=breaker.times_opened,
            error_code=error.code,
            http_status=error.status or 0,
        )
        facts = (offer.upstream_id, offer.provider.slug, breaker.wait(now), breaker.failures)
        log.warning("the breaker of %r at %r is open for %.0f s after %d failures in a row", *facts)

    def _closed(self, offer: OfferValue) -> None:
        self._open.discard(key_of(offer))
        self._tell(offer, before="half_open", after="closed", reason="probe_answered")
        log.warning("the breaker of %r at %r is closed", offer.upstream_id, offer.provider.slug)

    def _tell(self, offer: OfferValue, **facts: object) -> None:
        self.news.append(Change(key_of(offer), clock.now(), **facts))  # type: ignore[arg-type]
        if self.on_news is not None:
            self.on_news()


def key_of(offer: OfferValue) -> Key:
    """Return what a breaker belongs to: a new address is another server."""
    return offer.id, offer.provider.base_url
