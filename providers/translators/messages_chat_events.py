"""Pure: a chat provider's stream as the events of a message.

Of the blocks of a message one is open at a time. The first that is not finished is sent as it comes,
those after it wait: a call whose arguments are not complete is never closed, for fragments of calls
may come in any order. What was sent is forgotten.
Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.adapters.reading import decode, items, mapping, text
from providers.translators.messages_chat_draft import Draft, Drafted, ToolIds, signature, tool_input
from providers.translators.messages_chat_said import first_choice, message, message_usage, stop_reason
from providers.wire import Event, Usage

_DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


class MessageEvents:
    """Reads one stream; `names` are those of tools that were shortened for the call."""

    def __init__(self, *, names: dict[str, str]) -> None:
        self._names = names
        self._draft = Draft()
        self._ids: ToolIds | None = None  # None: the message has not begun
        self._place = 0  # of the block that is open, or is opened next: the first that is drafted
        self._is_open = False
        self._has_arguments = False  # some were sent of the open tool call
        self._finish_reason = ""

    def take(self, event: Event) -> bytes:
        """Return what one chunk becomes."""
        choice = first_choice(items(decode(event.data).get("choices")))
        self._draft.add(mapping(choice.get("delta")))
        self._finish_reason = text(choice.get("finish_reason")) or self._finish_reason
        frames = []
        if self._ids is None and (event.upstream_id or self._draft.blocks):
            frames.append(self._begin(event.upstream_id, event.model, event.usage))
        return b"".join([*frames, *self._blocks(is_last=False)])

    def end(self, usage: Usage | None) -> bytes:
        """Return the rest of the message but for its terminal event."""
        frames = [] if self._ids else [self._begin("", "", None)]
        frames += self._blocks(is_last=True)
        delta = {"stop_reason": stop_reason(self._finish_reason, self._draft), "stop_sequence": None}
        frames.append(_frame("message_delta", delta=delta, usage=message_usage(usage)))
        return b"".join(frames)

    def _begin(self, upstream_id: str, model: str, usage: Usage | None) -> bytes:
        self._ids = ToolIds(upstream_id)
        return _frame("message_start", message=message(upstream_id, model, usage))

    def _blocks(self, *, is_last: bool) -> list[bytes]:
        """Return what there is to send of the blocks; `is_last`: nothing will be added to them."""
        frames: list[bytes] = []
        blocks = self._draft.blocks
        while blocks:
            block, follows = blocks[0], len(blocks) > 1
            if not self._is_open and block.is_blank():
                if not (follows or is_last):
                    break  # its first word is still to come
                blocks.popleft()
                continue
            if not self._is_open:
                if block.kind == "tool_use" and not block.name and not is_last:
                    break  # its name is still to come
                frames.append(self._open(block))
            frames += self._pieces(block)
            if not is_last and not (follows and block.is_complete()):
                break
            frames += self._close(block)
        return frames

    def _open(self, block: Drafted) -> bytes:
        self._is_open, self._has_arguments = True, False
        return _frame("content_block_start", index=self._place, content_block=self._empty(block))

    def _empty(self, block: Drafted) -> dict[str, Any]:
        if block.kind == "tool_use":
            assert self._ids is not None
            name = self._names.get(block.name, block.name)
            return {"type": block.kind, "id": self._ids.next(block.id), "name": name, "input": {}}
        if block.kind == "redacted_thinking":
            return {"type": block.kind, "data": block.mark}
        return {"type": block.kind, block.kind: "", **({"signature": ""} if block.kind == "thinking" else {})}

    def _pieces(self, block: Drafted) -> list[bytes]:
        """Return what has come for the open block since it was last asked."""
        if block.kind == "tool_use":
            return self._arguments(block)
        if not block.pieces:
            return []
        kind, name = _DELTAS[block.kind]
        return [self._delta(type=kind, **{name: self._draft.taken(block)})]

    def _arguments(self, block: Drafted) -> list[bytes]:
        """Return new arguments; those that begin no JSON object wait until they can be put into one."""
        if not block.pieces or not block.is_object():
            return []
        self._has_arguments = True
        return [self._delta(type="input_json_delta", partial_json=self._draft.taken(block))]

    def _close(self, block: Drafted) -> list[bytes]:
        frames = []
        if block.kind == "thinking":
            frames.append(self._delta(type="signature_delta", signature=signature(block)))
        if block.kind == "tool_use" and not self._has_arguments:
            arguments = msgspec.json.encode(tool_input(self._draft.taken(block))).decode()
            frames.append(self._delta(type="input_json_delta", partial_json=arguments))
        frames.append(_frame("content_block_stop", index=self._place))
        self._draft.close()
        self._is_open = False
        self._place += 1
        return frames

    def _delta(self, **delta: str) -> bytes:
        return _frame("content_block_delta", index=self._place, delta=delta)


def _frame(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))
