"""One attempt: a call to one candidate, whole or streamed to the caller as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from providers.adapters.base import NO_HEADERS
from providers.client import MAX_BYTES, MAX_BYTES_IMAGES, Stream
from providers.credential import opened
from providers.errors import BadReply, ProviderError, hiding
from providers.sse import SseEvent, SseReader
from providers.wire import Call, Target
from routing.gateway.account import Account
from routing.gateway.ear import ear_for
from routing.gateway.exchange import EVENTS, JSON, Exchange
from routing.gateway.extras import HOP_HEADER
from routing.gateway.hub import Hub
from routing.gateway.large import TRANSLATED
from routing.gateway.money_headers import money_headers
from routing.gateway.note import Note
from routing.gateway.reading import Reading
from routing.gateway.shown import AsItCame, ChatAsItCame, Retold, Show

_OK = 200
_MAX_ERROR = 1024 * 1024  # bytes of an error's body that are read
_MAX_HELD = 1024 * 1024  # bytes of events before the first content
_LINGER = 1.5  # seconds after the last finish reason for usage and end marker
_LEAVE = 0.02  # seconds for the upstream to close a stream that is over, so that its connection is kept


async def send_whole(hub: Hub, exchange: Exchange, account: Account, note: Note) -> bytes:
    """Return the body of an answer, as it came where it is in the caller's dialect.

    Raises `ProviderError`.
    """
    adapter, call = note.candidate.adapter, _call(hub, account, note)
    embeds = account.request.operation == "embed"
    with hiding(call.credential):
        max_bytes = MAX_BYTES_IMAGES if embeds else MAX_BYTES
        reply = await hub.client.send(call, timeout=hub.limits.timeouts, max_bytes=max_bytes)
        note.http_status = reply.status
        if reply.status != _OK:
            raise adapter.failure(reply.status, reply.headers, reply.content)
        parse = adapter.parse_embeddings if embeds else adapter.parse_answer
        answer = await hub.large.run(len(reply.content), partial(parse, reply.content))
        note.heard.answer(answer)
        note.ear = None if embeds else ear_for(note.carried.body, adapter.dialect)
        if note.ear is not None:
            note.ear.whole(reply.content)
        answers = note.carried.answers
        if answers is None:
            shown = reply.content
        else:
            work = TRANSLATED * len(reply.content)
            shown = await hub.large.run(work, partial(answers.whole, answer))
    note.end("ok")
    return shown


async def send_stream(hub: Hub, exchange: Exchange, account: Account, note: Note) -> bytes:
    """Pass a stream on to the caller, all but its terminal frame, which is returned.

    The headers go out with the first content: until then another candidate may still serve.
    Raises `ProviderError`, before or after.
    """
    show = _show(exchange, account, note)
    adapter = note.candidate.adapter
    note.ear = ear_for(note.carried.body, adapter.dialect)
    read = adapter.event_reader()
    reading = Reading(
        read=read if note.ear is None else note.ear.through(read),
        heard=note.heard,
        show=show,
        answers=account.request.size.answers,
    )
    call = _call(hub, account, note)
    with hiding(call.credential):
        async with hub.client.stream(call, timeout=hub.limits.timeouts) as upstream:
            note.http_status = upstream.status
            if upstream.status != _OK or upstream.headers.get("content-type", "").startswith(JSON):
                raise await _failure(hub, note, upstream)
            await _pass_on(exchange, account, note, reading, upstream)
        reading.check_end()
    note.end("ok")
    note.finish = partial(_finish, exchange, account, note, show)
    return note.finish()


def _finish(exchange: Exchange, account: Account, note: Note, show: Show) -> bytes:
    """Return what comes after the events of a stream: what it cost by now, and its end."""
    return show.end(account.usage_of(note)) + exchange.face.terminal(_told(exchange, account))


def _show(exchange: Exchange, account: Account, note: Note) -> Show:
    """Return what makes the caller's events of the provider's."""
    told = partial(_told, exchange, account, note) if account.request.wants_usage else None
    answers = note.carried.answers
    if answers is not None:
        events = answers.events(wants_usage=account.request.wants_usage)
        return Retold(events, told if account.request.dialect == "chat" else None)
    if account.request.dialect == "chat":
        return ChatAsItCame(told, int(account.at.timestamp()))
    return AsItCame()


async def _pass_on(
    exchange: Exchange, account: Account, note: Note, reading: Reading, upstream: Stream
) -> None:
    held: list[bytes] = []  # what came before the first content
    held_bytes = 0
    async for events in _events(upstream, reading):
        taken = reading.take(events)
        held += taken
        if reading.has_content and not exchange.has_begun:
            account.first_token(note)
            if not note.is_held:
                await begin_stream(exchange, account)
        if held and exchange.has_begun:
            await exchange.write(b"".join(held))
            held = []
        elif (held_bytes := held_bytes + sum(map(len, taken))) > (MAX_BYTES if note.is_held else _MAX_HELD):
            raise BadReply("the provider sends events, and none of them begins an answer")
        if reading.is_done or reading.error:
            break
    note.events = b"".join(held)
    if reading.is_done:
        await _let_it_close(upstream)


async def begin_stream(exchange: Exchange, account: Account) -> None:
    """Send the headers of a stream, with who answers."""
    describe(exchange, account)
    await exchange.begin(_OK, EVENTS)


async def _events(upstream: Stream, reading: Reading) -> AsyncIterator[list[SseEvent]]:
    """Yield the events of each chunk together: what came at once goes on at once.

    A connection that is lost after the end of the answer has lost nothing.
    """
    reader = SseReader()
    try:
        async for chunk in _chunks(upstream, reading):
            if events := reader.feed(chunk):
                yield events
    except ProviderError:
        if not reading.is_whole:
            raise
    if events := reader.close():
        yield events


async def _chunks(upstream: Stream, reading: Reading) -> AsyncIterator[bytes]:
    """Yield what comes, and after the end of the answer only what comes soon: usage and end marker."""
    async for chunk in upstream:
        yield chunk
        if reading.is_whole:
            break
    until = asyncio.get_running_loop().time() + _LINGER
    while True:
        try:
            async with asyncio.timeout_at(until):
                chunk = await anext(upstream)
        except (TimeoutError, StopAsyncIteration):
            return
        yield chunk


async def _let_it_close(upstream: Stream) -> None:
    try:
        async with asyncio.timeout(_LEAVE):
            async for _ in upstream:
                pass
    except (TimeoutError, ProviderError):
        pass  # it is over for us: the connection is closed instead


async def _failure(hub: Hub, note: Note, upstream: Stream) -> ProviderError:
    """Return what an answer means that is no stream; a whole one was paid for."""
    candidate = note.candidate
    if upstream.status != _OK:
        content = await upstream.read(_MAX_ERROR)
        return candidate.adapter.failure(upstream.status, upstream.headers, content)
    content = await upstream.read()
    answer = await hub.large.run(len(content), partial(candidate.adapter.parse_answer, content))
    note.heard.answer(answer)  # where it holds an error, that was raised
    return BadReply("the provider sent a whole answer where a stream was asked for", status=_OK)


def _call(hub: Hub, account: Account, note: Note) -> Call:
    """Return the call of an attempt; its credential is opened here and forgotten with the call."""
    candidate, request, body = note.candidate, account.request, note.carried.body
    adapter, provider = candidate.adapter, candidate.offer.provider
    target = Target(provider.base_url, candidate.offer.upstream_id, opened(note.credential, provider.slug))
    headers = request.headers if candidate.speaks(request.dialect) else NO_HEADERS
    if request.operation == "embed":
        call = adapter.embed_call(target, body)
        assert call is not None  # the plan holds no other
    else:
        call = adapter.generate_call(target, body, stream=request.stream, headers=headers)
    return replace(call, headers={**call.headers, HOP_HEADER: hub.name})


def describe(exchange: Exchange, account: Account) -> None:
    """Put into the answer's headers who served it, after how many attempts."""
    note = account.answering
    exchange.answer_headers |= {
        "x-llmhub-model": note.candidate.entry.slug,
        "x-llmhub-provider": note.candidate.offer.provider.slug,
        "x-llmhub-attempts": str(note.number),
    }
    exchange.answer_headers |= note.candidate.entry.notice
    exchange.answer_headers |= money_headers(account)
    if note.carried.dropped:
        exchange.answer_headers["x-llmhub-dropped"] = ",".join(note.carried.dropped)
    if account.fallback_reason:
        exchange.answer_headers["x-llmhub-fallback"] = account.fallback_reason


def tell_again(exchange: Exchange, account: Account, note: Note) -> None:
    """Say in the usage of a stream that was held back what the call has cost by now."""
    if note.told:
        before, now = note.told, _told(exchange, account)
        note.events = note.events.replace(msgspec.json.encode(before), msgspec.json.encode(now))


def _told(exchange: Exchange, account: Account, note: Note | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"cost": account.cost_text(), "request_id": exchange.request_id}
    usage = account.usage_of(account.answering)
    if usage is not None and usage.estimated:
        told["estimated"] = True
    if note is not None and note.is_held:
        note.told = told
    return told
