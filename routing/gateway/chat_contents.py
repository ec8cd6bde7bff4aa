"""Pure: what in a chat call is more than text: files, and what tokens do not bound the cost of."""

from __future__ import annotations

from typing import Any

import msgspec

from providers.wire import Body, value_of
from routing.gateway.hub_contents import hub_unbounded

WEB_SEARCH = "web search"
SERVER_TOOLS = "server tools"
# Fields that call in what is billed beside tokens: search, speech, drafts.
_FIELDS = {
    "web_search_options": WEB_SEARCH,
    "search_parameters": WEB_SEARCH,
    "audio": "audio",
    "prediction": "a prediction",
}
_TEXT = ("text", "refusal")
_KINDS = {
    "image_url": "image",
    "file": "document",
    "video_url": "video",
    "input_audio": "audio",
    "audio": "audio",
}
_OUR_TOOLS = ("function", "custom")  # run by the caller; any other is run by the provider
_PLAIN_TIERS = (None, "auto", "default", "standard", "flex")  # none dearer than the price we know


class _Part(msgspec.Struct):
    """A part of a message, or a tool, as far as its type says what it is."""

    type: Any = "text"


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    audio: Any = None


_MESSAGES = msgspec.json.Decoder(list[_Message])
_TOOLS = msgspec.json.Decoder(list[_Part] | None)


def read_contents(body: Body) -> tuple[frozenset[str], str]:
    """Return the kinds of files that a call holds, and what makes its cost unbounded by tokens, or "".

    What is of no known type counts as a file of the kind "other".
    """
    messages = _messages(body["messages"])
    kinds = frozenset(
        _kind(part.type)
        for message in messages
        if isinstance(message.content, list)
        for part in message.content
        if part.type not in _TEXT
    )
    hears = "audio" in kinds or any(message.audio is not None for message in messages)
    return kinds, "audio" if hears else _unbounded_field(body)


def _kind(type_: Any) -> str:
    return _KINDS.get(type_, "other") if isinstance(type_, str) else "other"


def _unbounded_field(body: Body) -> str:
    for field, what in _FIELDS.items():
        if field in body and value_of(body[field]) not in (None, [], False):
            return what
    if any(tool.type not in _OUR_TOOLS for tool in _tools(body)):
        return SERVER_TOOLS
    if value_of(body.get("service_tier")) not in _PLAIN_TIERS:
        return "a dearer service tier"
    if value_of(body.get("modalities")) not in (None, [], ["text"]):
        return "an answer that is not text"
    return hub_unbounded(body)


def _messages(raw: msgspec.Raw) -> list[_Message]:
    try:
        return _MESSAGES.decode(raw)
    except msgspec.DecodeError:  # not as the dialect has it: whatever is in there is taken for a file
        return [_Message(content=[_Part(type=None)])]


def _tools(body: Body) -> list[_Part]:
    raw = body.get("tools")
    try:
        return _TOOLS.decode(raw) or [] if raw is not None else []
    except msgspec.DecodeError:
        return [_Part(type=None)]
