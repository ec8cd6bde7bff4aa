"""Pure: what a chat call asks for, read as far as llmhub needs to understand it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from providers.wire import Body
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import is_said, read_object
from routing.gateway.caller_request import MAX_OUTPUT_LIMIT, CallerRequest, bounded, required
from routing.gateway.chat_contents import read_contents
from routing.gateway.extras import read_extras

MAX_ANSWERS = 128  # the caller's n


def read_chat(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    model, messages = required(body, "model", str), required(body, "messages", list[msgspec.Raw])
    stream = read(body, "stream", bool, False)
    files, unbounded = read_contents(body)
    options = read(body, "stream_options", dict[str, msgspec.Raw], {})
    return CallerRequest(
        model=model,
        stream=stream,
        wants_usage=stream and bool(read(options, "include_usage", bool, False)),
        size=Size(
            body_bytes=len(content),
            messages=len(messages),
            tools=_is_instructed(body),
            output_limit=_output_limit(body),
            answers=bounded(body, "n", MAX_ANSWERS) or 1,
            files=files,
            unbounded=unbounded,
        ),
        extras=read_extras(headers, body, known_providers=known_providers),
        body=body,
        headers=headers,
    )


def _is_instructed(body: Body) -> bool:
    """Return whether a provider adds instructions: for tools, or for the form of the answer."""
    tools = read(body, "tools", list[msgspec.Raw], []) or read(body, "functions", list[msgspec.Raw], [])
    return bool(tools) or is_said(body, "response_format")


def _output_limit(body: Body) -> int | None:
    names = ("max_completion_tokens", "max_tokens")
    limits = [bounded(body, name, MAX_OUTPUT_LIMIT) for name in names]
    return max((limit for limit in limits if limit is not None), default=None)
