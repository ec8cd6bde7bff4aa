"""Pure: streams of the messages dialect, as chunks of chat completions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from providers.adapters.chat_usage import usage_told
from providers.adapters.reading import decode, items, mapping, name, text
from providers.translators.chat_messages_said import (
    AnswerTerms,
    annotations_of,
    finish_reason_of,
    refusal_of,
)
from providers.wire import Event, Usage

_Delta = dict[str, Any]


@dataclass
class _Block:
    """The block that is being told, as far as its end needs it."""

    kind: str = ""
    tool: int | None = None  # the place of a call among the calls; None: its input is the answer
    thought: int = 0  # the place among the thoughts
    given: Any = None  # an input that came whole
    said: bool = False  # a piece of the input came
    start: int = 0  # letters of the answer before it
    citations: list[Any] = field(default_factory=list)


class ChatEvents:
    """Reads the events of one stream."""

    def __init__(self, terms: AnswerTerms, *, wants_usage: bool) -> None:
        self._terms = terms
        self._head: dict[str, Any] = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": terms.created,
            "model": "",
        }
        self._tail: dict[str, Any] = {"usage": None} if wants_usage else {}
        self._wants_usage = wants_usage
        self._begun = self._finished = False
        self._blocks: dict[int, _Block] = {}
        self._tools = self._thoughts = self._letters = 0
        self._readers = {
            "message_start": self._message_start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
        }

    def take(self, event: Event) -> bytes:
        """Return the chunks that an event becomes. Raises `BadReply`."""
        if not event.data:
            return b""
        read = decode(event.data)
        reader = self._readers.get(text(read.get("type")))
        return b"".join(reader(read)) if reader else b""

    def end(self, usage: Usage | None) -> bytes:
        """Return the chunk that tells the usage, if the caller wants it and it is known."""
        if not self._wants_usage or usage is None:
            return b""
        return _sse({**self._head, "choices": [], "usage": usage_told(usage)})

    def _message_start(self, read: dict[str, Any]) -> Iterable[bytes]:
        message = mapping(read.get("message"))
        if self._begun:  # some servers send it twice
            return []
        self._head |= {"id": name(message.get("id")), "model": name(message.get("model"))}
        return [self._begin()]

    def _block_start(self, read: dict[str, Any]) -> Iterable[bytes]:
        told = mapping(read.get("content_block"))
        block = _Block(text(told.get("type")), thought=self._thoughts, start=self._letters)
        self._blocks[_index(read)] = block
        if block.kind == "text":
            block.citations += items(told.get("citations"))
            return self._text(text(told.get("text")))
        if block.kind == "tool_use":
            return self._tool_start(block, told)
        if block.kind in ("thinking", "redacted_thinking"):
            self._thoughts += 1
            return self._thought_start(block, told)
        return []

    def _block_delta(self, read: dict[str, Any]) -> Iterable[bytes]:
        block, delta = self._blocks.get(_index(read), _Block()), mapping(read.get("delta"))
        kind = text(delta.get("type"))
        if kind == "text_delta":
            return self._text(text(delta.get("text")))
        if kind == "input_json_delta" and block.kind == "tool_use":
            return self._arguments(block, text(delta.get("partial_json")))
        if kind == "citations_delta":
            block.citations.append(delta.get("citation"))
        if kind == "thinking_delta":
            return self._thought(block, text=text(delta.get("thinking")))
        if kind == "signature_delta":
            return self._thought(block, signature=text(delta.get("signature")))
        return []

    def _block_stop(self, read: dict[str, Any]) -> Iterable[bytes]:
        block = self._blocks.pop(_index(read), _Block())
        if block.kind == "tool_use" and not block.said:
            return self._arguments(block, msgspec.json.encode(mapping(block.given)).decode())
        if annotations := annotations_of(block.citations, block.start, self._letters):
            return self._delta({"annotations": annotations})
        return []

    def _message_delta(self, read: dict[str, Any]) -> Iterable[bytes]:
        delta = mapping(read.get("delta"))
        if self._finished or not (stop_reason := text(delta.get("stop_reason"))):
            return []
        self._finished = True
        refusal = refusal_of(stop_reason, delta.get("stop_details"))
        said = self._delta({"refusal": refusal}) if refusal else []
        legacy = self._terms.speaks_of_functions
        reason = finish_reason_of(stop_reason, called=bool(self._tools), legacy=legacy)
        return [*said, self._chunk({}, reason)]

    def _text(self, said: str) -> list[bytes]:
        self._letters += len(said)
        return self._delta({"content": said}) if said else []

    def _tool_start(self, block: _Block, told: dict[str, Any]) -> list[bytes]:
        block.given = told.get("input")
        called = text(told.get("name"))
        if called and called == self._terms.answer_tool:
            return []
        block.tool = self._tools
        self._tools += 1
        call = self._terms.call(told.get("id"), called, "")
        return self._call(block.tool, call)

    def _arguments(self, block: _Block, piece: str) -> list[bytes]:
        if not piece:
            return []
        block.said = True
        if block.tool is None:
            return self._text(piece)
        return self._call(block.tool, {"function": {"arguments": piece}})

    def _call(self, index: int, call: dict[str, Any]) -> list[bytes]:
        if not self._terms.speaks_of_functions:
            return self._delta({"tool_calls": [{"index": index, **call}]})
        return self._delta({"function_call": call["function"]}) if index == 0 else []

    def _thought_start(self, block: _Block, told: dict[str, Any]) -> list[bytes]:
        if block.kind == "redacted_thinking":
            return self._thought(block, data=text(told.get("data")))
        return self._thought(block, text=text(told.get("thinking"))) + self._thought(
            block, signature=text(told.get("signature"))
        )

    def _thought(self, block: _Block, **said: str) -> list[bytes]:
        """Return a piece of reasoning: its text, its signature, or data that nobody can read."""
        if not self._terms.shows_reasoning or not any(said.values()):
            return []
        kind = "reasoning.encrypted" if "data" in said else "reasoning.text"
        delta: _Delta = {"reasoning_content": said["text"]} if "text" in said else {}
        return self._delta({**delta, "reasoning_details": [{"type": kind, **said, "index": block.thought}]})

    def _begin(self) -> bytes:
        self._begun = True
        return self._chunk({"role": "assistant", "content": ""})

    def _delta(self, delta: _Delta) -> list[bytes]:
        """Return a chunk, after the one that tells the role where none did."""
        begin = [] if self._begun else [self._begin()]
        return [*begin, self._chunk(delta)]

    def _chunk(self, delta: _Delta, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _sse({**self._head, "choices": [choice], **self._tail})


def _index(read: dict[str, Any]) -> int:
    index = read.get("index")
    return index if isinstance(index, int) else -1


def _sse(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
