"""Pure: what a messages call asks for, read as far as llmhub needs to understand it.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from providers.wire import Body
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import is_said, read_object, type_of
from routing.gateway.caller_request import MAX_OUTPUT_LIMIT, CallerRequest, bounded, required
from routing.gateway.errors import Refusal
from routing.gateway.extras import read_extras
from routing.gateway.messages_contents import read_contents
from routing.needs import needed

_THINKS = ("enabled", "adaptive")


def read_messages(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    limit = bounded(body, "max_tokens", MAX_OUTPUT_LIMIT, minimum=0)  # 0 only fills the cache
    if limit is None:
        raise Refusal("invalid_request", "'max_tokens' is missing: this dialect needs it", param="max_tokens")
    return _read(content, headers, body, known_providers, output_limit=limit)


def read_count(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call whose input tokens are to be counted. Raises as `read_messages` does."""
    return _read(content, headers, read_object(content), known_providers, output_limit=0, counts=True)


def _read(
    content: bytes,
    headers: Mapping[str, str],
    body: Body,
    known_providers: Collection[str],
    *,
    output_limit: int,
    counts: bool = False,
) -> CallerRequest:
    model, messages = required(body, "model", str), required(body, "messages", list[msgspec.Raw])
    kinds, unbounded = read_contents(body)
    has_tools = bool(read(body, "tools", list[msgspec.Raw], []))
    is_formed = is_said(body, "output_config") or is_said(body, "output_format")
    stream = not counts and read(body, "stream", bool, False)
    return CallerRequest(
        model=model,
        dialect="messages",
        operation="count" if counts else "generate",
        stream=stream,
        wants_usage=stream,
        size=Size(
            body_bytes=len(content),
            messages=len(messages),
            tools=has_tools or is_formed,
            output_limit=output_limit,
            files=bool(kinds),
            unbounded="" if counts else unbounded,
        ),
        extras=read_extras(headers, body, known_providers=known_providers),
        needs=needed(
            kinds, tools=has_tools, form=_form(body), reasoning=type_of(body, "thinking") in _THINKS
        ),
        body=body,
        headers=headers,
    )


def _form(body: Body) -> str:
    """Return the capability that the form of the answer needs, or ""."""
    is_formed = is_said(body, "output_format") or b'"format"' in bytes(body.get("output_config", b""))
    return "json_schema" if is_formed else ""
