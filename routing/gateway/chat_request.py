"""Pure: what a chat call asks for, read as far as llmhub needs to understand it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from providers.wire import Body
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import is_said, read_object, type_of
from routing.gateway.caller_request import MAX_OUTPUT_LIMIT, CallerRequest, bounded, required
from routing.gateway.chat_contents import read_contents
from routing.gateway.extras import read_extras
from routing.needs import needed

_FORMS = {"json_schema": "json_schema", "json_object": "json_mode"}
_NO_REASONING = (b"null", b'"none"')
MAX_ANSWERS = 128  # the caller's n


def read_chat(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    model, messages = required(body, "model", str), required(body, "messages", list[msgspec.Raw])
    stream = read(body, "stream", bool, False)
    kinds, unbounded = read_contents(body)
    has_tools = _has_tools(body)
    options = read(body, "stream_options", dict[str, msgspec.Raw], {})
    return CallerRequest(
        model=model,
        stream=stream,
        wants_usage=stream and bool(read(options, "include_usage", bool, False)),
        size=Size(
            body_bytes=len(content),
            messages=len(messages),
            tools=has_tools or is_said(body, "response_format"),
            output_limit=_output_limit(body),
            answers=bounded(body, "n", MAX_ANSWERS) or 1,
            files=bool(kinds),
            unbounded=unbounded,
        ),
        extras=read_extras(headers, body, known_providers=known_providers),
        needs=needed(
            kinds,
            tools=has_tools,
            form=_FORMS.get(type_of(body, "response_format"), ""),
            reasoning=_reasons(body),
        ),
        body=body,
        headers=headers,
    )


def _has_tools(body: Body) -> bool:
    return bool(read(body, "tools", list[msgspec.Raw], []) or read(body, "functions", list[msgspec.Raw], []))


def _reasons(body: Body) -> bool:
    """Return whether the caller asks for reasoning: it may also say that it wants none."""
    return bytes(body.get("reasoning_effort", b"null")) not in _NO_REASONING


def _output_limit(body: Body) -> int | None:
    names = ("max_completion_tokens", "max_tokens")
    limits = [bounded(body, name, MAX_OUTPUT_LIMIT) for name in names]
    return max((limit for limit in limits if limit is not None), default=None)
