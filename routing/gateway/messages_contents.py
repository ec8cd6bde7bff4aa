"""Pure: what in a messages call is more than text: files, and what tokens do not bound the cost of."""

from __future__ import annotations

from typing import Any

import msgspec

from providers.wire import Body, value_of
from routing.gateway.hub_contents import hub_unbounded

# Fields that call in what is billed beside tokens, or other models.
_FIELDS = {"mcp_servers": "tool servers", "container": "a container"}
_KINDS = {"image": "image", "document": "document"}
_TEXT = ("text", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result")
_OUR_TOOLS = (None, "custom")  # run by the caller; any other is run by the provider
_PLAIN_TIERS = (None, "auto", "standard_only")  # a priority tier that was bought costs us no more
_PLAIN_SPEEDS = (None, "standard")
_ANYWHERE = (None, "global", "not_available")  # of `inference_geo`; others are dearer


class _Inner(msgspec.Struct):
    type: Any = "text"


class _Part(msgspec.Struct):
    """A part of a message, or a tool, as far as its type says what it is."""

    type: Any = None
    content: str | list[_Inner] | None = None  # of a tool's result


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None


class _Tool(msgspec.Struct):
    type: Any = None


def read_contents(body: Body) -> tuple[frozenset[str], str]:
    """Return the kinds of files that a call holds, and what makes its cost unbounded by tokens, or "".

    What is of no known type counts as a file of the kind "other".
    """
    kinds = (kind for message in _messages(body["messages"]) for kind in _kinds(message))
    return frozenset(kinds), _unbounded(body)


def _kinds(message: _Message) -> list[str]:
    if not isinstance(message.content, list):
        return []
    types = [part.type for part in message.content]
    for part in message.content:
        types += [inner.type for inner in part.content] if isinstance(part.content, list) else []
    return [
        _KINDS.get(type_, "other") if isinstance(type_, str) else "other"
        for type_ in types
        if type_ not in _TEXT
    ]


def _unbounded(body: Body) -> str:
    for field, what in _FIELDS.items():
        if value_of(body.get(field)) not in (None, [], {}, False):
            return what
    if any(tool.type not in _OUR_TOOLS for tool in _tools(body)):
        return "server tools"
    if b'"compact' in bytes(body.get("context_management", b"")):
        return "compaction"
    for field, plain, what in (
        ("service_tier", _PLAIN_TIERS, "a dearer service tier"),
        ("speed", _PLAIN_SPEEDS, "a dearer speed"),
        ("inference_geo", _ANYWHERE, "a dearer region"),
    ):
        if value_of(body.get(field)) not in plain:
            return what
    return hub_unbounded(body)


def _messages(raw: msgspec.Raw) -> list[_Message]:
    try:
        return msgspec.json.decode(raw, type=list[_Message])
    except msgspec.DecodeError:  # not as the dialect has it: whatever is in there is taken for a file
        return [_Message(content=[_Part(type="unknown")])]


def _tools(body: Body) -> list[_Tool]:
    raw = body.get("tools")
    try:
        return msgspec.json.decode(raw, type=list[_Tool] | None) or [] if raw is not None else []
    except msgspec.DecodeError:
        return [_Tool(type="unknown")]
