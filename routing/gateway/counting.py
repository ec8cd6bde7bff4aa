"""POST /v1/messages/count_tokens: how many input tokens a call would have, asked before it is made.

Counting is free, and leaves no record; it passes the same admission as the call itself (R-11). It asks no
offer whose breaker is open, but tells none how it went: a server may count badly and answer well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from msgspec import structs

from providers.adapters.base import NO_HEADERS
from providers.client import Timeouts
from providers.credential import opened
from providers.errors import ProviderError, ProviderUnavailable, hiding
from providers.wire import Target
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.errors import Refusal, from_failures
from routing.gateway.estimate import estimate
from routing.gateway.exchange import Exchange
from routing.gateway.extras import HOP_HEADER
from routing.gateway.hub import Hub
from routing.gateway.messages_request import read_count
from routing.gateway.opening import open_call
from routing.plan import Candidate
from routing.snapshot import Caller

_OK = 200


async def count_tokens(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with the count of the first provider that counts, or with an estimate where none does."""
    account, route, snapshot = await open_call(hub, exchange, caller, content, read_count)
    candidates = await Admission(hub, account, snapshot).first(route.candidates)
    try:
        async with asyncio.timeout(_deadline(hub)):
            tokens = await _count(hub, exchange, account, candidates)
    except TimeoutError:
        message = f"Counting took longer than {_deadline(hub):.0f} s"
        raise Refusal("deadline_exceeded", message) from None
    finally:
        hub.ledger.give_back(account.id)
    exchange.answer_headers.setdefault("x-llmhub-model", account.entry.slug)
    await exchange.answer(msgspec.json.encode({"input_tokens": tokens}))


def _deadline(hub: Hub) -> float:
    """Return the seconds that counting may take."""
    return min(hub.limits.counting, hub.limits.deadline)


def _patience(hub: Hub) -> Timeouts:
    """Return how long one provider may take: every one that may be tried has its share."""
    share = _deadline(hub) / hub.limits.attempts
    return replace(hub.limits.timeouts, total=min(hub.limits.timeouts.total, share))


async def _count(hub: Hub, exchange: Exchange, account: Account, candidates: Sequence[Candidate]) -> int:
    """Return the tokens of the input. Raises `Refusal` where every provider that counts failed."""
    failures: list[ProviderError] = []
    for candidate in candidates[: hub.limits.attempts]:
        try:
            tokens = await _ask(hub, account, candidate)
        except ProviderError as exc:
            failures.append(exc)
            if not exc.retryable:
                break
            continue
        if tokens is not None:
            exchange.answer_headers["x-llmhub-model"] = candidate.entry.slug
            exchange.answer_headers["x-llmhub-provider"] = candidate.offer.provider.slug
            return tokens
    if failures:
        raise from_failures(failures)
    exchange.answer_headers["x-llmhub-estimated"] = "true"
    return estimate(account.request.size, text_bytes=0).input_tokens


async def _ask(hub: Hub, account: Account, candidate: Candidate) -> int | None:
    """Return what a provider counts, None where it counts nothing. Raises `ProviderError`."""
    request, provider, adapter = account.request, candidate.offer.provider, candidate.adapter
    if not candidate.speaks(request.dialect):
        return None
    model, now = candidate.offer.upstream_id, time.monotonic()
    if wait := hub.breakers.wait(candidate.offer, now):
        raise ProviderUnavailable(f"{provider.slug!r} fails, and is left alone for another {wait:.0f} s")
    credential = hub.credentials.pick(provider, model, tried=(), version=hub.watch.snapshot.version, now=now)
    secret = opened(credential, provider.slug)
    call = adapter.count_call(
        Target(provider.base_url, model, secret), request.body, headers=request.headers or NO_HEADERS
    )
    if call is None:
        return None
    sent = structs.replace(call, headers={**call.headers, HOP_HEADER: hub.name})
    try:
        with hiding(secret):
            reply = await hub.client.send(sent, timeout=_patience(hub))
            if reply.status != _OK:
                raise adapter.failure(reply.status, reply.headers, reply.content)
            return adapter.parse_count(reply.content)
    except ProviderError as exc:
        hub.credentials.failed(credential, model, exc, now=time.monotonic(), provider=provider)
        raise
