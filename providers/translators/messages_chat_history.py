"""Pure: the system prompt and the turns of a messages body as the messages of a chat body."""

from __future__ import annotations

from typing import Any

import msgspec

from providers.translators.base import Malformed
from providers.translators.foreign import is_foreign, unsealed
from providers.translators.messages_chat_content import Content, Part, plain
from providers.translators.messages_chat_names import MAX_ID, MAX_NAME, short
from providers.translators.messages_chat_reading import Block, Message, blocks_in, decoded, read
from providers.wire import Body, Terms


class History:
    """Writes the messages of one call, and remembers in `lost` what has no equivalent."""

    def __init__(self, terms: Terms, lost: set[str]) -> None:
        self._content = Content(terms, lost)
        self._takes_reasoning = terms.reasoning == "object"
        self._lost = lost

    def messages(self, body: Body) -> list[Part]:
        """Return the messages of `body`. Raises `Malformed` and `Unsayable`."""
        turns = read(body, "messages", list[Message]) or []
        written = [message for turn in turns for message in self._turn(turn)]
        if not written:
            raise Malformed("'messages' must hold a message that says something", param="messages")
        return self._system(blocks_in(read(body, "system", str | list[Block]) or [])) + written

    def _turn(self, turn: Message) -> list[Part]:
        blocks = blocks_in(turn.content)
        if turn.role == "user":
            return self._user(blocks)
        if turn.role == "assistant":
            return self._assistant(blocks)
        if turn.role == "system":
            return self._system(blocks)
        raise Malformed(f"{turn.role!r} is no role: use user or assistant", param="messages")

    def _system(self, blocks: list[Block]) -> list[Part]:
        parts = self._content.texts(blocks)
        return [{"role": "system", "content": plain(parts, joint="\n\n")}] if parts else []

    def _user(self, blocks: list[Block]) -> list[Part]:
        """Return the tool messages, which must come first, and then what the user says."""
        results, shown, parts = [], [], []
        for block in blocks:
            if block.type == "tool_result":
                result, beside = self._content.tool_result(block)
                results.append(result)
                shown += beside
            else:
                parts += self._content.parts(block)
        parts = shown + parts
        if results and not parts:
            return results
        return [*results, {"role": "user", "content": _simplest(parts)}]

    def _assistant(self, blocks: list[Block]) -> list[Part]:
        """Return the turn of a model; none where nothing of it can be said."""
        parts: list[Part] = []
        calls: list[dict[str, Any]] = []
        reasoning: list[dict[str, Any]] = []
        for block in blocks:
            if block.type == "tool_use":
                calls.append(_call(block))
            elif block.type in {"thinking", "redacted_thinking"}:
                reasoning += self._reasoning(block)
            elif _is_of_a_server_tool(block.type):
                self._lost.add(block.type)
            else:
                parts += self._content.texts([block])
        if not (parts or calls or reasoning):
            return []
        message: Part = {"role": "assistant", "content": plain(parts, joint="") if parts else None}
        if reasoning:
            message["reasoning_details"] = reasoning
        if calls:
            message["tool_calls"] = calls
        return [message]

    def _reasoning(self, block: Block) -> list[dict[str, Any]]:
        """Return a piece of reasoning as its maker wants it back; none where it cannot be given back."""
        mark = block.data if block.type == "redacted_thinking" else block.signature or ""
        held = unsealed(mark)
        if not self._takes_reasoning or (is_foreign(mark) and not held):
            self._lost.add("thinking")
            return []
        if block.type == "redacted_thinking":
            return [held or {"type": "reasoning.encrypted", "data": block.data}]
        said = held or {"type": "reasoning.text", "signature": block.signature}
        return [{**said, "text": block.thinking}]


def _simplest(parts: list[Part]) -> str | list[Part]:
    """Return a lone text as text, and all else as the parts it is."""
    if not parts:
        return ""
    lone = len(parts) == 1 and parts[0]["type"] == "text"
    return plain(parts, joint="") if lone else parts


def _call(block: Block) -> dict[str, Any]:
    decoded(block.input, dict[str, msgspec.Raw], "messages")  # must be an object; goes as it was written
    function = {"name": short(block.name, MAX_NAME), "arguments": bytes(block.input).decode()}
    return {"id": short(block.id, MAX_ID), "type": "function", "function": function}


def _is_of_a_server_tool(kind: str) -> bool:
    """Return whether a block tells of a tool that the other provider ran itself."""
    return kind in {"server_tool_use", "mcp_tool_use"} or (
        kind.endswith("_tool_result") and kind != "tool_result"
    )
