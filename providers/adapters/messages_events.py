"""Pure: the events of one stream of the messages dialect.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from providers.adapters import failures
from providers.adapters.messages_usage import counted_by_us, in_a_container, merged, usage_of
from providers.adapters.reading import decode, items, mapping, name, text, tokens
from providers.wire import Event, Usage

# Blocks that are content by being there: a caller would miss them, text or not.
_CONTENT_BLOCKS = {"tool_use", "server_tool_use", "mcp_tool_use", "redacted_thinking"}
_GENERATED = ("text", "thinking", "partial_json")  # where a block or a delta holds generated text


@dataclass(slots=True)
class _Stream:
    """What one stream has said so far."""

    reported: dict[str, Any] = field(default_factory=dict)  # the usage, merged as it came
    text_bytes: int = 0  # of what was generated

    def hear(self, reported: Any) -> Usage | None:
        """Take in a `usage` object and return what is known now; one that makes no sense changes nothing."""
        together = merged(self.reported, mapping(reported))
        usage = usage_of(together) if reported else None
        if usage or not self.reported:
            self.reported = together
        return usage


def event_reader() -> Callable[[bytes], Event]:
    """Return what reads the events of one stream, in order; it raises `BadReply` on one that is none."""
    stream = _Stream()

    def read(data: bytes) -> Event:
        event = decode(data)
        kind = text(event.get("type"))
        if kind == "error" or (not kind and event.get("error")):
            error = error_in(event)
            failure = failures.inside_200(error, None)
            return Event(data, "error", error=failures.message_of(error), failure=failure)
        found = _READERS[kind](stream, data, event) if kind in _READERS else Event(data, "other")
        stream.text_bytes += len(found.text.encode(errors="replace"))
        return found

    return read


def error_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return the error object of a body or event, in the shape that the dialect has or in a plain text."""
    error = body.get("error")
    return error if isinstance(error, dict) else {"message": text(error) or text(body.get("message"))}


def generated_in(block: dict[str, Any]) -> str:
    """Return the generated text that a block or a delta holds."""
    return "".join([text(block.get(place)) for place in _GENERATED])


def is_content(block: dict[str, Any]) -> bool:
    """Return whether a block is content: one that is there for what it is, or one with text."""
    return text(block.get("type")) in _CONTENT_BLOCKS or bool(generated_in(block))


def _message_start(stream: _Stream, data: bytes, event: dict[str, Any]) -> Event:
    """Read the beginning: who answers, and a first count. It may come twice, and hold content already."""
    message = mapping(event.get("message"))
    blocks = [mapping(block) for block in items(message.get("content"))]
    usage = stream.hear(message.get("usage"))
    return Event(
        data,
        "content" if any(is_content(block) for block in blocks) else "usage" if usage else "other",
        text="".join([generated_in(block) for block in blocks]),
        usage=usage,
        model=name(message.get("model")),
        upstream_id=name(message.get("id")),
    )


def _block_start(_stream: _Stream, data: bytes, event: dict[str, Any]) -> Event:
    block = mapping(event.get("content_block"))
    if not is_content(block):
        return Event(data, "other")
    called = text(block.get("name")) if text(block.get("type")).endswith("tool_use") else ""
    return Event(data, "content", text=called + generated_in(block))


def _block_delta(_stream: _Stream, data: bytes, event: dict[str, Any]) -> Event:
    return Event(data, "content", text=generated_in(mapping(event.get("delta"))))


def _message_delta(stream: _Stream, data: bytes, event: dict[str, Any]) -> Event:
    """Read the end of the answer and its cumulative usage; an end that counts nothing is counted by us."""
    reason = text(mapping(event.get("delta")).get("stop_reason"))[:40]
    reported = mapping(event.get("usage"))
    usage = stream.hear(reported)
    if reason and (usage is None or tokens(reported.get("output_tokens")) is None):
        usage = counted_by_us(usage_of(stream.reported), text_bytes=stream.text_bytes)
    usage = in_a_container(usage, mapping(event.get("delta")))
    return Event(
        data,
        "finish" if reason else "usage" if usage else "other",
        usage=usage,
        finish_reason=reason,
        finished=(0,) if reason else (),
    )


def _message_stop(_stream: _Stream, data: bytes, _event: dict[str, Any]) -> Event:
    return Event(data, "done")


_READERS: dict[str, Callable[[_Stream, bytes, dict[str, Any]], Event]] = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
}
