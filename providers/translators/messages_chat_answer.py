"""Pure: a chat provider's answer as a message.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from providers.adapters.reading import mapping, text, value_of
from providers.errors import TooLarge
from providers.translators.base import Events
from providers.translators.messages_chat_draft import (
    MAX_CALLS,
    Draft,
    Drafted,
    ToolIds,
    signature,
    tool_input,
)
from providers.translators.messages_chat_events import MessageEvents
from providers.translators.messages_chat_said import first_choice, message, stop_reason
from providers.wire import Answer

_CHOICES = msgspec.json.Decoder(list[msgspec.Raw] | None)


class _Message(msgspec.Struct, gc=False):
    tool_calls: list[msgspec.Raw] | None = None


class _Choice(msgspec.Struct, gc=False):
    """How much is in a choice, before any of it is read."""

    message: _Message | None = None


_COUNTED = msgspec.json.Decoder(_Choice)


class MessageAnswers:
    """Reads back the answer to one call; `names` are those of tools that were shortened for it."""

    def __init__(self, *, names: dict[str, str]) -> None:
        self._names = names

    def whole(self, answer: Answer) -> bytes:
        """Return a whole answer as a message. Raises `BadReply`."""
        choice = first_choice(_read(raw) for raw in _choices(answer))
        draft = Draft()
        draft.add(mapping(choice.get("message")))
        ids = ToolIds(answer.upstream_id)
        generated = {
            "content": [self._block(block, ids) for block in draft.blocks if not block.is_blank()],
            "stop_reason": stop_reason(text(choice.get("finish_reason")), draft),
        }
        return msgspec.json.encode({**message(answer.upstream_id, answer.model, answer.usage), **generated})

    def events(self, *, wants_usage: bool) -> Events:
        """Return what reads a stream; a message always tells its usage."""
        return MessageEvents(names=self._names)

    def _block(self, block: Drafted, ids: ToolIds) -> dict[str, Any]:
        written = "".join(block.pieces)
        if block.kind == "text":
            return {"type": "text", "text": written}
        if block.kind == "thinking":
            return {"type": "thinking", "thinking": written, "signature": signature(block)}
        if block.kind == "redacted_thinking":
            return {"type": "redacted_thinking", "data": block.mark}
        name = self._names.get(block.name, block.name)
        return {"type": "tool_use", "id": ids.next(block.id), "name": name, "input": tool_input(written)}


def _choices(answer: Answer) -> list[msgspec.Raw]:
    """Return the choices, none of them read yet: only the first one is wanted."""
    try:
        return _CHOICES.decode(answer.body.get("choices", b"null")) or []
    except msgspec.DecodeError:
        return []
    except RecursionError:
        raise TooLarge("the provider sent JSON that is nested too deep") from None


def _read(choice: msgspec.Raw) -> Any:
    """Return a choice. Raises `TooLarge` where it calls more tools than any answer does."""
    with suppress(msgspec.DecodeError, RecursionError):  # not as the dialect has it: read as it is
        message = _COUNTED.decode(choice).message
        if message and len(message.tool_calls or ()) > MAX_CALLS:
            said = f"the provider calls more than {MAX_CALLS} tools in one answer"
            raise TooLarge(said, seen_bytes=len(memoryview(choice)))
    return value_of(choice)
