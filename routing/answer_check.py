"""Pure: whether an answer is one that its caller can use, as the caller would read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from billing.totals import CUT_REASONS
from providers.adapters.reading import items, mapping, text
from providers.sse import SseReader
from providers.wire import Body
from routing.answer_schema import fits

Fault = Literal["", "truncated", "refused", "empty", "schema", "tool_arguments"]
_CUT = (*CUT_REASONS, "model_context_window_exceeded")
_REFUSED = ("content_filter", "refusal")
_MAX_SCHEMA = 256 * 1024  # bytes
_MAX_FORM = 2 * _MAX_SCHEMA  # bytes; reading twenty megabytes would hold everybody up for half a second


@dataclass(slots=True)
class Said:
    """What an answer says, put together where it came in pieces."""

    text: str = ""
    refusal: str = ""
    finish_reason: str = ""
    arguments: dict[int, str] = field(default_factory=dict)  # of tool calls, by their place


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a caller asks its answer to have."""

    is_json: bool = False
    schema: Mapping[str, Any] | None = None


def fault_of(said: Said, form: Form) -> Fault:
    """Return what keeps an answer from being used, "" where nothing does."""
    if said.refusal or said.finish_reason in _REFUSED:
        return "refused"
    if said.finish_reason in _CUT:
        return "truncated"
    if any(not is_arguments(arguments) for arguments in said.arguments.values()):
        return "tool_arguments"
    if not said.text.strip() and not said.arguments:
        return "empty"
    if form.is_json and not said.arguments and not _fits(said.text, form):
        return "schema"
    return ""


def form_of(body: Body, dialect: str) -> Form:
    """Return the form that a call asks for; a schema that nobody can read asks for JSON alone.

    One that is larger by far than what is looked at asks for nothing.
    """
    if dialect == "messages":
        config = _asked(body, "output_config")
        wanted = mapping(config.get("format")) or _asked(body, "output_format")
        return _form(wanted.get("schema"), is_json=wanted.get("type") == "json_schema")
    wanted = _asked(body, "response_format")
    schema = mapping(wanted.get("json_schema")).get("schema")
    return _form(schema, is_json=wanted.get("type") in ("json_schema", "json_object"))


def said_whole(content: bytes, dialect: str) -> Said:
    """Return what a whole answer says."""
    body = _object(content)
    if dialect == "messages":
        said = Said(finish_reason=text(body.get("stop_reason")))
        for place, block in enumerate(items(body.get("content"))):
            part = mapping(block)
            said.text += text(part.get("text"))
            if part.get("type") == "tool_use":
                said.arguments[place] = _encoded(part.get("input"))
        return said
    choice = mapping(next(iter(items(body.get("choices"))), {}))
    message = mapping(choice.get("message"))
    said = Said(text(message.get("content")), text(message.get("refusal")), text(choice.get("finish_reason")))
    for place, call in enumerate(items(message.get("tool_calls"))):
        said.arguments[place] = text(mapping(mapping(call).get("function")).get("arguments"))
    return said


def said_stream(content: bytes, dialect: str) -> Said:
    """Return what the events of a stream say together."""
    said = Said()
    reader = SseReader()
    for sse in [*reader.feed(content), *reader.close()]:
        hear(said, sse.data, dialect)
    return said


def hear(said: Said, data: bytes, dialect: str) -> None:
    """Take in what one event of a stream says."""
    if data != b"[DONE]":
        (_messages_event if dialect == "messages" else _chat_event)(said, _object(data))


def has_ended_well(said: Said) -> bool:
    """Return whether an answer came to an end of its own, so that what it is like is its model's doing."""
    return bool(said.finish_reason) and not said.refusal and said.finish_reason not in (*_CUT, *_REFUSED)


def _chat_event(said: Said, event: dict[str, Any]) -> None:
    for choice in map(mapping, items(event.get("choices"))):
        if choice.get("index", 0) != 0:
            continue
        delta = mapping(choice.get("delta"))
        said.text += text(delta.get("content"))
        said.refusal += text(delta.get("refusal"))
        said.finish_reason = text(choice.get("finish_reason")) or said.finish_reason
        for place, call in _calls(delta):
            arguments = text(mapping(call.get("function")).get("arguments"))
            said.arguments[place] = said.arguments.get(place, "") + arguments


def _calls(delta: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for call in map(mapping, items(delta.get("tool_calls"))):
        place = call.get("index", 0)
        yield (place if isinstance(place, int) else 0), call


def _messages_event(said: Said, event: dict[str, Any]) -> None:
    delta, place = mapping(event.get("delta")), event.get("index", 0)
    said.text += text(delta.get("text"))
    said.finish_reason = text(delta.get("stop_reason")) or said.finish_reason
    if not isinstance(place, int):
        return
    if mapping(event.get("content_block")).get("type") == "tool_use":
        said.arguments[place] = ""
    if delta.get("type") == "input_json_delta" and place in said.arguments:
        said.arguments[place] += text(delta.get("partial_json"))


def _form(schema: Any, *, is_json: bool) -> Form:
    is_one = isinstance(schema, dict) and len(_encoded(schema)) <= _MAX_SCHEMA
    return Form(is_json, schema if is_one else None)


def _fits(answer: str, form: Form) -> bool:
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        return False
    return form.schema is None or fits(value, form.schema)


def is_arguments(arguments: str) -> bool:
    """Return whether what a tool is called with is a JSON object."""
    if not arguments.strip():
        return True  # a tool without parameters
    try:
        return isinstance(msgspec.json.decode(arguments), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _asked(body: Body, name: str) -> dict[str, Any]:
    raw = body.get(name)
    return {} if raw is None or len(memoryview(raw)) > _MAX_FORM else _object(raw)


def _object(content: bytes | msgspec.Raw | None) -> dict[str, Any]:
    if content is None:
        return {}
    try:
        return mapping(msgspec.json.decode(bytes(content)))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()
