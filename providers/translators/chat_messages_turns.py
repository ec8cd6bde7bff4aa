"""Pure: the messages of a chat call as system text and turns of the messages dialect.

Turns alternate. A user turn begins with the results of the calls in the assistant turn before it,
and each call has its result there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from providers.translators.base import Malformed, Unsayable
from providers.translators.chat_messages_content import (
    Block,
    blocks_of,
    text_block,
    with_cache_control,
)
from providers.translators.chat_messages_fields import Fields, a_list, a_text, an_object
from providers.translators.chat_messages_names import ID_LENGTH, Names
from providers.translators.chat_messages_thoughts import is_thought, thoughts_of

SYSTEM_NOTE = "System note, not written by the user:\n"  # before a system message amid the conversation
_KNOWN = ("role", "content", "cache_control", "tool_calls", "function_call", "refusal", "tool_call_id")
_THOUGHTS = ("reasoning", "reasoning_content", "reasoning_details")
_Key = tuple[str, str]  # what a result names its call by: its id, or the name of a function


@dataclass
class Turn:
    """What one side says at once."""

    role: str
    results: list[Block] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    calls: dict[_Key, list[str]] = field(default_factory=dict)  # ids as sent, still without a result
    at: str = ""  # the place of the last call

    def sent(self) -> dict[str, Any]:
        """Return the message of the messages dialect."""
        return {"role": self.role, "content": [*self.results, *self.blocks]}


class Conversation:
    """Reads messages one after another."""

    def __init__(self, fields: Fields, tool_names: Names) -> None:
        self.system: list[Block] = []
        self.turns: list[Turn] = []
        self._fields = fields
        self._names = tool_names
        self._ids = Names(ID_LENGTH)
        self._readers = {
            "system": self._system,
            "developer": self._system,
            "user": self._user,
            "assistant": self._assistant,
            "tool": self._tool,
            "function": self._tool,
        }

    def read(self, messages: Any) -> None:
        """Read the messages of a call. Raises `Malformed` and `Unsayable`."""
        for place, message in enumerate(a_list(messages, at="messages")):
            at = f"messages[{place}]"
            role = a_text(an_object(message, at=at).get("role"), at=f"{at}.role")
            if role not in self._readers:
                raise Malformed(f"{at!r} has no known role", param=f"{at}.role")
            known = (*_KNOWN, "name") if role in ("tool", "function") else _KNOWN
            self._fields.drop_others(message, (*known, *_THOUGHTS), path="messages")
            self._readers[role](message, at)
        self._finish()

    def _system(self, message: dict[str, Any], at: str) -> None:
        blocks = self._blocks(message, at)
        if any(block["type"] != "text" for block in blocks):
            raise Malformed(f"{at!r} may hold nothing but text", param=f"{at}.content")
        if not self.turns:
            self.system += blocks
        else:
            self._say("user", [{**block, "text": SYSTEM_NOTE + block["text"]} for block in blocks])

    def _user(self, message: dict[str, Any], at: str) -> None:
        self._say("user", self._blocks(message, at))

    def _assistant(self, message: dict[str, Any], at: str) -> None:
        if message.get("audio"):
            raise Unsayable(f"{at!r} is audio that another provider keeps", param=f"{at}.audio")
        said = self._blocks(message, at)
        if any(block["type"] != "text" for block in said):
            raise Unsayable(f"{at!r} is from the assistant: only text goes over", param=f"{at}.content")
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal.strip():
            said.append(text_block(refusal))
        calls = self._calls(message, at)
        uses = [use for _, use in calls]
        turn = self._say("assistant", [*thoughts_of(message, self._fields), *said, *uses])
        for key, use in calls:
            turn.calls.setdefault(key, []).append(use["id"])
            turn.at = at

    def _calls(self, message: dict[str, Any], at: str) -> list[tuple[_Key, Block]]:
        """Return each tool call as a block, by what its result will name it."""
        found: list[tuple[_Key, Block]] = []
        for place, call in enumerate(a_list(message.get("tool_calls") or [], at=f"{at}.tool_calls")):
            where = f"{at}.tool_calls[{place}]"
            if an_object(call, at=where).get("type", "function") != "function":
                raise Unsayable(f"{where!r} is no call of a function", param=where)
            given = a_text(call.get("id"), at=f"{where}.id")
            use = self._use(call.get("function"), self._ids.fresh(given), f"{where}.function")
            found.append((("id", given), with_cache_control(use, call)))
        if called := message.get("function_call"):
            use = self._use(called, self._ids.fresh("call"), f"{at}.function_call")
            found.append((("name", called["name"]), use))
        return found

    def _use(self, called: Any, sent_id: str, at: str) -> Block:
        name = a_text(an_object(called, at=at).get("name"), at=f"{at}.name")
        arguments = _arguments(called.get("arguments"), at=f"{at}.arguments")
        return {"type": "tool_use", "id": sent_id, "name": self._names.of(name), "input": arguments}

    def _tool(self, message: dict[str, Any], at: str) -> None:
        by, where = ("name", "name") if message["role"] == "function" else ("id", "tool_call_id")
        key = (by, a_text(message.get(where), at=f"{at}.{where}"))
        asking = next((turn for turn in reversed(self.turns[-2:]) if turn.role == "assistant"), None)
        if not asking or not asking.calls.get(key):
            raise Malformed(f"{at!r} answers no tool call of the message before", param=f"{at}.{where}")
        result: Block = {"type": "tool_result", "tool_use_id": asking.calls[key].pop(0)}
        if blocks := self._blocks(message, at):
            result["content"] = [_without_cache_control(block) for block in blocks]
            result = with_cache_control(result, blocks[-1])
        self._turn("user").results.append(with_cache_control(result, message))

    def _blocks(self, message: dict[str, Any], at: str) -> list[Block]:
        """Return the blocks of a message's content; the last takes its `cache_control`."""
        blocks = blocks_of(message.get("content"), at=f"{at}.content", fields=self._fields)
        return [*blocks[:-1], with_cache_control(blocks[-1], message)] if blocks else []

    def _say(self, role: str, blocks: list[Block]) -> Turn:
        """Add blocks to the turn of `role`; nothing said begins no turn."""
        if not blocks:
            return Turn(role)
        turn = self._turn(role)
        turn.blocks += blocks
        return turn

    def _turn(self, role: str) -> Turn:
        if not self.turns or self.turns[-1].role != role:
            self.turns.append(Turn(role))
        return self.turns[-1]

    def _finish(self) -> None:
        """Bring the turns into the form that the messages dialect wants."""
        for turn in self.turns:
            while turn.role == "assistant" and turn.blocks and is_thought(turn.blocks[-1]):
                turn.blocks.pop()  # no turn may end with a thought
                self._fields.drop("messages.reasoning")
            if any(turn.calls.values()):
                raise Malformed(f"a tool call in {turn.at!r} has no result after it", param=turn.at)
        self.turns = _merged(turn for turn in self.turns if turn.results or turn.blocks)
        if not self.turns:
            raise Malformed("'messages' must hold one that is not a system message", param="messages")
        last = self.turns[-1]
        if last.role == "assistant":
            last.blocks[-1] = {**last.blocks[-1], "text": last.blocks[-1]["text"].rstrip()}


def _merged(turns: Any) -> list[Turn]:
    """Return turns that alternate again after empty ones were taken out."""
    merged: list[Turn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1].results += turn.results
            merged[-1].blocks += turn.blocks
        else:
            merged.append(turn)
    return merged


def _without_cache_control(block: Block) -> Block:
    return {key: value for key, value in block.items() if key != "cache_control"}


class _Object(msgspec.Struct):
    """Any JSON object; nothing of it is kept."""


def _arguments(value: Any, *, at: str) -> msgspec.Raw:
    """Return the object that `value` holds as JSON text, with its bytes kept. Raises `Malformed`."""
    if not isinstance(value, str):
        raise Malformed(f"{at!r} must be an object as JSON text", param=at)
    if not value.strip():
        return msgspec.Raw(b"{}")
    try:
        msgspec.json.decode(value, type=_Object)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed(f"{at!r} must be an object as JSON text", param=at) from None
    return msgspec.Raw(value.encode())
