"""What it costs to carry a call from one dialect to another: a request, and each event of a stream."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from llmhub.bench.figures import Carriage
from providers.adapters import adapter_for
from providers.sse import SseEvent, SseReader
from providers.wire import Target
from routing.gateway.carriage import Carried, carry
from routing.gateway.chat_request import read_chat
from routing.gateway.messages_request import read_messages
from routing.gateway.shown import AsItCame, ChatAsItCame, Retold, Show
from routing.plan import Candidate
from routing.snapshot import EntryValue, OfferValue, ProviderValue

DIALECTS = ("chat", "messages")
TURNS, TOOLS, EVENTS = 10, 2, 200
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def measure(seconds: float) -> list[Carriage]:
    """Return each of the four ways, each measured for about so many seconds."""
    return [_way(caller, provider, seconds / 8) for caller in DIALECTS for provider in DIALECTS]


def _way(caller: str, provider: str, seconds: float) -> Carriage:
    offer = OfferValue(1, "m", ProviderValue(1, "p", "custom", provider, ""))
    to = Candidate(EntryValue(1, "m", "M"), offer, adapter_for("custom", provider))
    reader = read_chat if caller == "chat" else read_messages
    request = reader(json.dumps(_body(caller)).encode(), {}, known_providers=())

    def send() -> Carried:
        found = carry(request, to, output_limit=None, default=None, at=_NOW)
        to.adapter.generate_call(Target("http://p.test", "m"), found.body, stream=True)
        return found

    found = send()
    events = list(SseReader().feed(b"".join(_events(provider))))

    def stream() -> None:
        read, show = to.adapter.event_reader(), _show(caller, found)
        for sse in events:
            _take(read, show, sse)

    return Carriage(caller, provider, _us(send, seconds), _us(stream, seconds) / len(events))


def _take(read: Callable[[bytes], Any], show: Show, sse: SseEvent) -> None:
    event = read(sse.data)
    if event.kind != "done":
        show.take(sse, event)


def _show(caller: str, found: Carried) -> Show:
    if found.answers is not None:
        return Retold(found.answers.events(wants_usage=False), None)
    return ChatAsItCame(None) if caller == "chat" else AsItCame()


def _us(work: Callable[[], Any], seconds: float) -> float:
    """Return the microseconds that `work` takes: those of the best tenth, which nobody disturbed."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 10:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 10] * 1e6


def _body(dialect: str) -> dict[str, Any]:
    """Return a conversation of ten turns with two tools."""
    turns = [
        {"role": ("user", "assistant")[turn % 2], "content": f"Turn {turn}: " + "words and words " * 20}
        for turn in range(TURNS - 1)
    ]
    names = [f"tool_{number}" for number in range(TOOLS)]
    if dialect == "messages":
        tools: list[dict[str, Any]] = [
            {"name": name, "description": name, "input_schema": _SCHEMA} for name in names
        ]
        return {"model": "m", "max_tokens": 500, "system": "Be brief.", "messages": turns, "tools": tools}
    functions = [{"name": name, "description": name, "parameters": _SCHEMA} for name in names]
    tools = [{"type": "function", "function": function} for function in functions]
    system = {"role": "system", "content": "Be brief."}
    return {"model": "m", "max_tokens": 500, "messages": [system, *turns], "tools": tools, "stream": True}


def _events(dialect: str) -> Iterator[bytes]:
    """Yield a stream of that many words."""
    if dialect == "chat":
        for number in range(EVENTS):
            yield _chat({"content": f" word{number}"}, None)
        yield _chat({}, "stop")
        return
    usage = {"input_tokens": 100, "output_tokens": 1}
    yield _named("message_start", message={"id": "msg_1", "model": "m", "content": [], "usage": usage})
    yield _named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for number in range(EVENTS):
        yield _named("content_block_delta", index=0, delta={"type": "text_delta", "text": f" word{number}"})
    yield _named("content_block_stop", index=0)
    yield _named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": EVENTS})


def _chat(delta: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _named(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
