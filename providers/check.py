"""Check a provider by a free call: does it answer, and does it take our credential?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.db import models

from providers.adapters import Adapter
from providers.client import Client, Reply, Timeouts
from providers.errors import (
    AddressRefused,
    BadReply,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    hiding,
)
from providers.listing import Listing
from providers.whole_list import goes_on, whole_list
from providers.wire import Call, Target

_TIMEOUTS = Timeouts(total=15.0)
_NO_SUCH_PAGE = {404, 405, 501}
_UNAUTHORIZED = {401, 403}


class Outcome(models.TextChoices):
    """What a check found."""

    OK = "ok", "Answers"
    NO_MODEL_LIST = "no_model_list", "Answers, without a model list"
    NO_CREDENTIAL = "no_credential", "Needs a credential"
    UNAUTHORIZED = "unauthorized", "Refuses the credential"
    LIMITED = "limited", "Asks to come later"
    FAILING = "failing", "Answers with errors"
    BAD_REPLY = "bad_reply", "Does not answer as a provider"
    TIMEOUT = "timeout", "Does not answer in time"
    UNREACHABLE = "unreachable", "Cannot be reached"
    REFUSED = "refused", "Address not allowed"
    NOT_SERVED = "not_served", "Dialect not served"


_MEANINGS: tuple[tuple[type[ProviderError], Outcome, str], ...] = (
    (AddressRefused, Outcome.REFUSED, ""),
    (RateLimited, Outcome.LIMITED, ": the provider limits our calls; check again later"),
    (ProviderTimeout, Outcome.TIMEOUT, ": check the address, and whether a firewall is in between"),
    (BadReply, Outcome.BAD_REPLY, ": correct the base URL, which often ends in /v1"),
)


@dataclass(frozen=True)
class Check:
    """What one check found, and what to do about it."""

    outcome: Outcome
    message: str
    listings: tuple[Listing, ...] = field(repr=False, default=())
    latency_ms: int = 0

    @property
    def answered(self) -> bool:
        """Whether calls can be expected to work."""
        return self.outcome in {Outcome.OK, Outcome.NO_MODEL_LIST}


async def check(target: Target, adapter: Adapter, *, light: bool = False) -> Check:
    """Ask for the list of models, which costs nothing, and say what the answer means.

    A light check leaves a long list out where a smaller free call proves as much.
    """
    client, begun = Client(), time.monotonic()
    try:
        with hiding(target.credential):
            found = await _look(client, target, adapter, light=light)
    except ProviderError as error:
        found = _failed(error, target)
    finally:
        await client.aclose()
    latency_ms = round((time.monotonic() - begun) * 1000)
    return Check(found.outcome, found.message, found.listings, latency_ms)


async def _look(client: Client, target: Target, adapter: Adapter, *, light: bool) -> Check:
    proof = _proof(target, adapter)
    if proof and light:
        _raise_for(await client.send(proof, timeout=_TIMEOUTS), adapter)
        return Check(Outcome.OK, "it answers and takes the credential")
    reply = await client.send(adapter.models_call(target), timeout=_TIMEOUTS)
    if reply.status in _NO_SUCH_PAGE:
        return Check(
            Outcome.NO_MODEL_LIST,
            f"the server answers, but has no model list at {adapter.models_call(target).url}. "
            "Some servers have none; if calls fail too, correct the base URL: it often ends in /v1",
        )
    _raise_for(reply, adapter)
    listings = tuple(adapter.parse_models(reply.content))
    if proof:
        _raise_for(await client.send(proof, timeout=_TIMEOUTS), adapter)
    said = f"it answers and lists {len(listings)} models"
    if not goes_on(adapter, reply.content):
        return Check(Outcome.OK, said, listings)
    if light:
        return Check(Outcome.OK, f"{said} on the first page of its list", listings)
    return await _all_pages(client, target, adapter, reply.content)


async def _all_pages(client: Client, target: Target, adapter: Adapter, first: bytes) -> Check:
    """Return what a long list holds; one that breaks off is discovery's to tell: the provider answers."""
    try:
        content = await whole_list(client, target, adapter, first, timeout=_TIMEOUTS)
        listings = tuple(adapter.parse_models(content))
    except ProviderError as error:
        return Check(Outcome.OK, f"it answers, but its list of models cannot be read whole: {error}")
    return Check(Outcome.OK, f"it answers and lists {len(listings)} models", listings)


def scheduled_call(target: Target, adapter: Adapter) -> Call:
    """Return the free call that a light check makes."""
    return _proof(target, adapter) or adapter.models_call(target)


def _proof(target: Target, adapter: Adapter) -> Call | None:
    return adapter.credential_call(target) if target.credential else None


def _raise_for(reply: Reply, adapter: Adapter) -> None:
    if reply.status != 200:
        raise adapter.failure(reply.status, reply.headers, reply.content)


def _failed(error: ProviderError, target: Target) -> Check:
    """Return what a failure means to the person who set the provider up."""
    said = error.message
    if error.status in _UNAUTHORIZED:
        advice = "replace it" if target.credential else "it was called without one: add one"
        return Check(Outcome.UNAUTHORIZED, f"the server answers, but refuses the credential: {advice}")
    for kind, outcome, advice in _MEANINGS:
        if isinstance(error, kind):
            return Check(outcome, f"{said}{advice}")
    if error.status is None:
        return Check(Outcome.UNREACHABLE, f"{said}: check the address, and whether the server runs")
    return Check(Outcome.FAILING, f"the server answers with the status {error.status}: {said}")
