"""Pure: what a caller sees of a stream: the events as they came, or told in its own dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from providers.adapters.chat_usage import usage_told
from providers.sse import SseEvent, SseReader
from providers.translators.base import Events
from providers.wire import Body, Event, Usage

Told = Callable[[], dict[str, Any]]  # what stands under `llmhub` in a usage


class Show(Protocol):
    """Makes the caller's events of the provider's."""

    def take(self, sse: SseEvent, event: Event) -> bytes:
        """Return what the caller sees of an event, b"" where that is nothing."""

    def end(self, usage: Usage | None) -> bytes:
        """Return what still comes before the terminal frame."""


class AsItCame:
    """Events that are in the caller's dialect."""

    def take(self, sse: SseEvent, event: Event) -> bytes:
        """Return the event, to the byte."""
        return sse.raw

    def end(self, usage: Usage | None) -> bytes:
        """Return nothing."""
        return b""


@dataclass(slots=True)
class ChatAsItCame:
    """Chat events for a chat caller: as they came, but for usage."""

    told: Told | None  # None: the caller asked for no usage, and gets none
    created: int = 0  # Unix seconds
    has_usage: bool = False
    id: str = ""
    model: str = ""

    def take(self, sse: SseEvent, event: Event) -> bytes:
        """Return the event: without usage that nobody asked for, with the cost beside one that was."""
        if self.told is None:
            return b"" if event.only_usage else sse.raw
        self.id, self.model = event.upstream_id or self.id, event.model or self.model
        if event.usage is None or event.kind == "content":
            return sse.raw
        with_cost = _with_extra(sse, self.told())
        self.has_usage = self.has_usage or with_cost is not sse.raw
        return with_cost

    def end(self, usage: Usage | None) -> bytes:
        """Return the usage that was asked for, where the provider gave it elsewhere or not at all."""
        if self.told is None or self.has_usage or usage is None:
            return b""
        counted = usage_told(usage) | {"llmhub": self.told()}
        chunk = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
        }
        return b"data: " + msgspec.json.encode(chunk | {"choices": [], "usage": counted}) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Retold:
    """Events that are translated."""

    events: Events
    told: Told | None  # None: the caller's dialect has no place for it, or it did not ask

    def take(self, sse: SseEvent, event: Event) -> bytes:
        """Return the event in the caller's dialect."""
        return self.events.take(event)

    def end(self, usage: Usage | None) -> bytes:
        """Return what the caller's dialect says last, with the cost beside the usage."""
        last = self.events.end(usage)
        if self.told is None:
            return last
        return b"".join(_with_extra(sse, self.told()) for sse in SseReader().feed(last))


def _with_extra(sse: SseEvent, extra: dict[str, Any]) -> bytes:
    """Return an event with `extra` under `usage.llmhub`; everything else keeps its bytes."""
    body: Body = msgspec.json.decode(sse.data, type=Body)
    try:
        usage: Body = msgspec.json.decode(body["usage"], type=Body)
    except (KeyError, msgspec.DecodeError):  # the usage stands elsewhere: nothing to put it into
        return sse.raw
    usage["llmhub"] = msgspec.Raw(msgspec.json.encode(extra))
    body["usage"] = msgspec.Raw(msgspec.json.encode(usage))
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
