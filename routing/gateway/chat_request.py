"""Pure: what a chat call asks for, read as far as llmhub needs to understand it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from providers.wire import Body
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import read_object
from routing.gateway.contents import read_contents
from routing.gateway.errors import Refusal
from routing.gateway.extras import Extras, read_extras

MAX_ANSWERS = 128  # the caller's n
MAX_OUTPUT_LIMIT = 100_000_000  # tokens


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat call; `body` is passed on."""

    model: str
    stream: bool
    wants_usage: bool  # of a stream: the caller asked for a usage chunk
    size: Size
    extras: Extras
    body: Body = field(repr=False)


def read_chat(content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]) -> ChatRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    model = read(body, "model", str, "")
    messages = read(body, "messages", list[msgspec.Raw], [])
    for name, value in (("model", model), ("messages", messages)):
        if not value:
            raise Refusal("invalid_request", f"{name!r} is missing or empty", param=name)
    stream = read(body, "stream", bool, False)
    files, unbounded = read_contents(body)
    options = read(body, "stream_options", dict[str, msgspec.Raw], {})
    return ChatRequest(
        model=model,
        stream=stream,
        wants_usage=stream and bool(read(options, "include_usage", bool, False)),
        size=Size(
            body_bytes=len(content),
            messages=len(messages),
            tools=bool(read(body, "tools", list[msgspec.Raw], []) or read(body, "functions", list, [])),
            output_limit=_output_limit(body),
            answers=_bounded(body, "n", MAX_ANSWERS) or 1,
            files=files,
            unbounded=unbounded,
        ),
        extras=read_extras(headers, body, known_providers=known_providers),
        body=body,
    )


def _output_limit(body: Body) -> int | None:
    limits = [_bounded(body, name, MAX_OUTPUT_LIMIT) for name in ("max_completion_tokens", "max_tokens")]
    return max((limit for limit in limits if limit is not None), default=None)


def _bounded(body: Body, name: str, maximum: int) -> int | None:
    value: int | None = read(body, name, int)
    if value is not None and not 1 <= value <= maximum:
        raise Refusal("invalid_request", f"{name!r}: {value} is not between 1 and {maximum}", param=name)
    return value
