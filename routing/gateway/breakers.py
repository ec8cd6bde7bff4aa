"""The breakers of one gateway process: which offers are not called for a while."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.breaker import Breaker, Entry
from providers.errors import BadReply, ProviderError, ProviderUnavailable, TooLarge
from routing.gateway.reading import BrokeOff
from routing.snapshot import OfferValue

log = logging.getLogger("llmhub.breaker")

# What a provider's illness looks like. A limit, a refused credential, an unknown model and a rejected
# request are none: they say nothing about the next call of somebody else. Nor does an answer that is too
# large for llmhub: any caller could ask for some.
_ILLNESS = (ProviderUnavailable, BadReply, BrokeOff)
_chance = random.Random()  # noqa: S311 - spread, not secret


@dataclass(slots=True)
class Breakers:
    """One breaker for each offer that was called, at the address it has."""

    _all: dict[tuple[int, str], Breaker] = field(default_factory=dict)
    _open: set[tuple[int, str]] = field(default_factory=set)  # those that are not closed

    def waits(self, now: float) -> Mapping[tuple[int, str], float]:
        """Return the offers that are not called now, with the seconds until they may be."""
        waits = {key: self._all[key].wait(now) for key in self._open}
        return {key: wait for key, wait in waits.items() if wait > 0}

    def wait(self, offer: OfferValue, now: float) -> float:
        """Return the seconds until an offer may be called; 0 when it may be now."""
        breaker = self._all.get(key_of(offer))
        return breaker.wait(now) if breaker else 0.0

    def enter(self, offer: OfferValue, now: float) -> Entry | None:
        """Return the entry of an attempt that may be made, which is handed back when it ends."""
        return self._all.setdefault(key_of(offer), Breaker()).enter(now)

    def answers(self, offer: OfferValue, entry: Entry) -> None:
        """Note that an attempt begins to be answered."""
        if self._all[key_of(offer)].answers(entry):
            self._closed(offer)

    def succeeded(self, offer: OfferValue, entry: Entry, now: float) -> None:
        """Note an attempt that was answered."""
        if self._all[key_of(offer)].succeeded(entry, now):
            self._closed(offer)

    def failed(self, offer: OfferValue, entry: Entry, error: ProviderError, now: float) -> None:
        """Note an attempt that failed."""
        breaker = self._all[key_of(offer)]
        if not isinstance(error, _ILLNESS) or isinstance(error, TooLarge):
            breaker.leave(entry)
        elif breaker.failed(entry, now, _chance.random()):
            self._open.add(key_of(offer))
            facts = (offer.upstream_id, offer.provider.slug, breaker.wait(now), breaker.failures)
            log.warning("the breaker of %r at %r is open for %.0f s after %d failures in a row", *facts)

    def left(self, offer: OfferValue, entry: Entry) -> None:
        """Note an attempt that ended with its caller, or with this process."""
        self._all[key_of(offer)].leave(entry)

    def _closed(self, offer: OfferValue) -> None:
        self._open.discard(key_of(offer))
        log.warning("the breaker of %r at %r is closed", offer.upstream_id, offer.provider.slug)


def key_of(offer: OfferValue) -> tuple[int, str]:
    """Return what a breaker belongs to: a new address is another server."""
    return offer.id, offer.provider.base_url
