"""Pure: a caller's messages body, read as far as a translation needs it.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.translators.base import Malformed
from providers.wire import Body

NOTHING = msgspec.Raw(b"null")


class Source(msgspec.Struct):
    """Where an image or a document is."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    content: msgspec.Raw = NOTHING


class Block(msgspec.Struct):
    """A content block of any type; a field that its type lacks is empty."""

    type: str
    text: str = ""
    source: Source | str | None = None
    title: str | None = None
    context: str | None = None
    citations: Any = None
    content: msgspec.Raw = NOTHING
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    tool_use_id: str = ""
    is_error: bool | None = None
    tool_name: str = ""
    thinking: str = ""
    signature: str | None = None
    data: str = ""
    cache_control: Any = None


class Message(msgspec.Struct):
    """One turn."""

    role: str
    content: str | list[Block]


class Tool(msgspec.Struct):
    """A tool of the caller's own."""

    name: str
    input_schema: msgspec.Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: Any = None


class ToolChoice(msgspec.Struct):
    """Which tool the model is to use."""

    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """Whether the model is to think, and how much."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class Format(msgspec.Struct):
    """What the answer is to look like."""

    type: str
    schema: msgspec.Raw = NOTHING


def said(body: Body, field: str) -> bool:
    """Return whether the caller gave a field anything but null."""
    return bytes(body.get(field, NOTHING)) != b"null"


def read(body: Body, field: str, shape: Any) -> Any:
    """Return a field of the body, or None where it says nothing. Raises `Malformed`."""
    return decoded(body[field], shape, field) if said(body, field) else None


def decoded(raw: msgspec.Raw, shape: Any, field: str) -> Any:
    """Return the value behind `raw`. Raises `Malformed`, which blames `field`."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Malformed(f"{field!r} is not what the messages dialect says: {exc}", param=field) from None


def blocks_in(content: msgspec.Raw | str | list[Block], field: str = "messages") -> list[Block]:
    """Return a content as blocks; a text is one, null is none. Raises `Malformed`."""
    if isinstance(content, msgspec.Raw):
        content = decoded(content, str | list[Block] | None, field) or []
    if isinstance(content, str):
        return [Block("text", text=content)] if content else []
    return content
