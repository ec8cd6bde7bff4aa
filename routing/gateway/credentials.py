"""Which credential an attempt uses: by turns, by weight; one that is limited rests, one that is refused goes.

Process memory; what one gateway process finds limited it tells the others (neighbours.py). What is taken
out is also written, so that all processes stop using it and a person sees it. A provider that is called
without a credential rests like one that has a single one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from providers.credential_state import take_out, tell_rest
from providers.errors import CredentialRefused, ProviderError, RateLimited, TooLargeForLimit
from routing.snapshot import ProviderValue, SealedCredential

log = logging.getLogger(__name__)

DEFAULT_REST = 5.0  # seconds after a 429 that does not say how long
_RETRY_WRITE = 30.0  # seconds after which a credential that could not be written as taken out is tried again
_WORTH_TELLING = 2.0  # seconds of rest that a person may want to see
_MAX_RESTING = 10_000  # pairs of credential and model
_MOST_NEWS = 1_000  # rests that wait to be told; the oldest are forgotten
_FOREVER = float("inf")

Run = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(slots=True)
class _Out:
    """A credential that its provider refused."""

    until: float = _FOREVER  # on the monotonic clock
    version: int | None = None  # of the configuration that says so too; None: not written yet


@dataclass(frozen=True, slots=True)
class Rest:
    """A credential that is not used for a model; the id is below 0 of a provider that needs none."""

    id: int
    model: str
    until: float  # on the monotonic clock


@dataclass(slots=True)
class Credentials:
    """The turns, rests and refusals of every credential, as one gateway process knows them."""

    run: Run  # calls a function where the database may be used
    news: deque[Rest] = field(default_factory=lambda: deque(maxlen=_MOST_NEWS))  # not told to others yet
    on_news: Callable[[], None] | None = None
    _shares: dict[int, float] = field(default_factory=dict)  # by credential: what its weight adds up to
    _resting: dict[tuple[int, str], float] = field(default_factory=dict)  # until, on the monotonic clock
    _out: dict[SealedCredential, _Out] = field(default_factory=dict)
    _writing: set[asyncio.Future[Any]] = field(default_factory=set)

    def pick(
        self, provider: ProviderValue, model: str, *, tried: Collection[int], version: int, now: float
    ) -> SealedCredential | None:
        """Return the credential whose turn it is, None where the provider has and needs none.

        `tried` are the ids that this call has used, `version` is that of the configuration.
        Raises `RateLimited` when all that are left rest, `CredentialRefused` when none is left.
        """
        if not provider.credentials:
            self._refuse_resting(provider, -provider.id, model, now)
            return None
        usable = [
            each
            for each in provider.credentials
            if each.id not in tried and not self._is_out(each, version, now)
        ]
        if not usable:
            raise CredentialRefused(f"no credential of {provider.slug!r} is accepted: an admin has to act")

        def rest_of(each: SealedCredential) -> float:
            return self._rest_of(each.id, model, now)

        awake = [each for each in usable if rest_of(each) <= 0]
        if not awake:
            self._refuse_resting(provider, min(usable, key=rest_of).id, model, now)
        return awake[0] if len(awake) == 1 else self._next(awake)

    def has_other(
        self, provider: ProviderValue, model: str, *, tried: Collection[int], version: int, now: float
    ) -> bool:
        """Return whether another credential can be used at once."""
        return any(
            each.id not in tried
            and not self._is_out(each, version, now)
            and self._rest_of(each.id, model, now) <= 0
            for each in provider.credentials
        )

    def failed(
        self,
        used: SealedCredential | None,
        model: str,
        error: ProviderError,
        *,
        now: float,
        provider: ProviderValue | None = None,
    ) -> None:
        """Let a credential rest or go, as its provider answered; `provider` is who was called."""
        if isinstance(error, TooLargeForLimit):
            return
        if isinstance(error, RateLimited):
            rest = DEFAULT_REST if error.retry_after is None else error.retry_after
            if used is not None:
                self._rest(used.id, model, rest, now)
            elif provider is not None:
                self._rest(-provider.id, model, rest, now)
        elif isinstance(error, CredentialRefused) and used is not None and used not in self._out:
            self._out[used] = _Out()
            self._begin(self._write(used, str(error), now))

    def hear_rest(self, id_: int, model: str, seconds: float, now: float) -> None:
        """Take over that another process was told to wait; the longer time counts."""
        until = now + seconds
        if until > self._resting.get((id_, model), now):
            self._let_rest(id_, model, until, now)

    def _rest(self, id_: int, model: str, seconds: float, now: float) -> None:
        self._let_rest(id_, model, now + seconds, now)
        self.news.append(Rest(id_, model, now + seconds))
        if self.on_news is not None:
            self.on_news()
        if id_ > 0 and seconds >= _WORTH_TELLING:
            self._begin(self.run(partial(tell_rest, id_, model, seconds=seconds)))

    def _refuse_resting(self, provider: ProviderValue, id_: int, model: str, now: float) -> None:
        """Raise `RateLimited` while a credential rests: all that can be used do so."""
        wait = self._rest_of(id_, model, now)
        if wait > 0:
            said = f"{provider.slug!r} limits llmhub's calls for another {wait:.1f} s"
            raise RateLimited(said, retry_after=wait)

    def _begin(self, work: Awaitable[Any]) -> None:
        writing = asyncio.ensure_future(work)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _write(self, used: SealedCredential, reason: str, now: float) -> None:
        out = self._out[used]
        try:
            out.version = await self.run(partial(take_out, used.id, used, reason=reason))
        except Exception:
            log.exception("the credential %s is refused, and that cannot be written", used.label)
            out.until = now + _RETRY_WRITE
            return
        if out.version is None:  # it was replaced or taken out meanwhile: the configuration knows better
            self._out.pop(used, None)
        else:
            log.warning("the credential %s was taken out: its provider refuses it", used.label)

    def _is_out(self, each: SealedCredential, version: int, now: float) -> bool:
        out = self._out.get(each)
        if out is None:
            return False
        if now < out.until and (out.version is None or version < out.version):
            return True
        del self._out[each]
        return False

    def _rest_of(self, id_: int, model: str, now: float) -> float:
        return self._resting.get((id_, model), now) - now

    def _let_rest(self, id_: int, model: str, until: float, now: float) -> None:
        """Limits are per model at most providers: the credential goes on with others."""
        if len(self._resting) >= _MAX_RESTING:
            self._resting = {pair: end for pair, end in self._resting.items() if end > now}
        self._resting[id_, model] = until

    def _next(self, awake: list[SealedCredential]) -> SealedCredential:
        """Return whose turn it is: each gets turns by its weight, evenly spread.

        Source: https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1
        """
        weighted = [each for each in awake if each.weight > 0] or awake
        for each in weighted:
            self._shares[each.id] = self._shares.get(each.id, 0) + max(each.weight, 1)
        chosen = max(weighted, key=lambda each: self._shares[each.id])
        self._shares[chosen.id] -= sum(max(each.weight, 1) for each in weighted)
        return chosen
