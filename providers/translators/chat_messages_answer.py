"""Pure: whole answers of the messages dialect, as chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from providers.adapters.chat_usage import usage_told
from providers.adapters.reading import items, text, value_of
from providers.errors import BadReply, TooLarge
from providers.translators.chat_messages_events import ChatEvents
from providers.translators.chat_messages_said import (
    AnswerTerms,
    annotations_of,
    finish_reason_of,
    refusal_of,
)
from providers.wire import Answer

MAX_BLOCKS = 10_000  # of one answer
_BLOCKS = msgspec.json.Decoder(list[msgspec.Raw])
_BLOCK = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class ChatAnswers(AnswerTerms):
    """Reads the answers to one call."""

    def whole(self, answer: Answer) -> bytes:
        """Return a chat completion. Raises `BadReply`."""
        said = _Said(self)
        for block in _blocks(answer):
            said.add(block)
        stop_reason = _value(answer, "stop_reason")
        message = said.message(refusal_of(stop_reason, _value(answer, "stop_details")))
        finish_reason = finish_reason_of(
            stop_reason, called=bool(said.calls), legacy=self.speaks_of_functions
        )
        completion: dict[str, Any] = {
            "id": answer.upstream_id,
            "object": "chat.completion",
            "created": self.created,
            "model": answer.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        }
        if answer.usage:
            completion["usage"] = usage_told(answer.usage)
        return msgspec.json.encode(completion)

    def events(self, *, wants_usage: bool) -> ChatEvents:
        """Return what reads a stream."""
        return ChatEvents(self, wants_usage=wants_usage)


@dataclass
class _Said:
    """What the blocks of an answer said so far."""

    terms: AnswerTerms
    pieces: list[str] = field(default_factory=list)  # of the text
    letters: int = 0  # of them
    thoughts: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def add(self, block: Mapping[str, msgspec.Raw]) -> None:
        """Read one block; those of tools that the provider itself runs say nothing."""
        kind = _of(block, "type")
        if kind == "text":
            start = self.letters
            self._say(text(_of(block, "text")))
            cited = items(_of(block, "citations"))
            self.annotations += annotations_of(cited, start, self.letters)
        elif kind == "tool_use":
            self._call(block)
        elif kind in ("thinking", "redacted_thinking") and self.terms.shows_reasoning:
            self._thought(kind, block)

    def _say(self, piece: str) -> None:
        self.pieces.append(piece)
        self.letters += len(piece)

    def message(self, refusal: str | None) -> dict[str, Any]:
        """Return the message of a chat completion."""
        empty = None if self.calls or refusal else ""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(self.pieces) or empty,
            "refusal": refusal,
        }
        if self.thoughts:
            message["reasoning_content"] = "".join(thought.get("text", "") for thought in self.thoughts)
            message["reasoning_details"] = self.thoughts
        if self.annotations:
            message["annotations"] = self.annotations
        if self.calls and self.terms.speaks_of_functions:
            message["function_call"] = self.calls[0]["function"]
        elif self.calls:
            message["tool_calls"] = self.calls
        return message

    def _call(self, block: Mapping[str, msgspec.Raw]) -> None:
        given = bytes(block.get("input", b"")).decode()
        arguments = given if given.startswith("{") else "{}"
        name = text(_of(block, "name"))
        if name and name == self.terms.answer_tool:
            self._say(arguments)
            return
        self.calls.append(self.terms.call(_of(block, "id"), name, arguments))

    def _thought(self, kind: str, block: Mapping[str, msgspec.Raw]) -> None:
        index = {"index": len(self.thoughts)}
        if kind == "redacted_thinking":
            self.thoughts.append({"type": "reasoning.encrypted", "data": _of(block, "data"), **index})
            return
        thought = {"type": "reasoning.text", "text": text(_of(block, "thinking"))}
        self.thoughts.append({**thought, "signature": text(_of(block, "signature")), **index})


def _blocks(answer: Answer) -> Iterator[dict[str, msgspec.Raw]]:
    """Yield the blocks, read one by one: the whole of a large answer at once would hold up other threads."""
    try:
        blocks = _BLOCKS.decode(answer.body.get("content", b"null"))
        if len(blocks) > MAX_BLOCKS:
            size = len(memoryview(answer.body["content"]))
            raise TooLarge(f"the provider's answer has more than {MAX_BLOCKS} blocks", seen_bytes=size)
        for block in blocks:
            yield _BLOCK.decode(block)
    except msgspec.DecodeError:
        raise BadReply("the provider's answer holds no content") from None
    except RecursionError:
        raise TooLarge("the provider sent JSON that is nested too deep") from None


def _value(answer: Answer, name: str) -> Any:
    return _of(answer.body, name)


def _of(holder: Mapping[str, msgspec.Raw], name: str) -> Any:
    return value_of(holder[name]) if name in holder else None
