"""Pure: replies in the chat dialect, whole and as a stream.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from llmhub.simulator.exchange import Part, Pause
from llmhub.simulator.paths import Path
from llmhub.simulator.replies import Ask, Reply
from llmhub.simulator.styles import Style

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Turn:
    """Everything that one answer is made of."""

    id: str
    created: int  # Unix seconds
    ask: Ask
    replies: list[Reply]
    usage: dict[str, Any]
    path: Path
    style: Style


def event(data: Any) -> bytes:
    """Return `data` as one event of a stream."""
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


def whole(turn: Turn) -> dict[str, Any]:
    """Return the answer to a request without `stream`."""
    body = {
        "id": turn.id,
        "object": "chat.completion",
        "created": turn.created,
        "model": turn.ask.model,
        "choices": [_choice(turn, index, reply) for index, reply in enumerate(turn.replies)],
        **turn.style.extra,
    }
    if turn.path.text("usage") != "none":
        body["usage"] = turn.usage
    return body


def _choice(turn: Turn, index: int, reply: Reply) -> dict[str, Any]:
    """Return one choice of a whole answer."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if reply.calls else "".join(reply.pieces),
        "refusal": None,
    }
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.pieces)},
            }
            for call in reply.calls
        ]
    if turn.style.reasoning and reply.thoughts:
        message[turn.style.reasoning] = "".join(reply.thoughts)
    return {"index": index, "message": message, "logprobs": None, **_finish(turn, reply.finish)}


def _finish(turn: Turn, reason: str | None) -> dict[str, Any]:
    """Return the finish reason, and the raw one beside it where the style has one."""
    native = {"native_finish_reason": reason} if turn.style.native_finish else {}
    return {"finish_reason": reason, **native}


def stream(turn: Turn) -> Iterator[Part]:
    """Yield the answer event by event, with the pauses of the wanted speed between its tokens."""
    yield from (b": " + comment.encode() + b"\n\n" for comment in turn.style.comments)
    if turn.style.preamble:
        yield event({"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": []})
    for index, reply in enumerate(turn.replies):
        last = index == len(turn.replies) - 1
        yield from _deltas(turn, index, reply)
        yield event(_last_of_choice(turn, index, reply, last=last))
    if turn.path.text("usage") != "none":
        yield from _usage_chunks(turn)
    if turn.style.done and "no_done" not in turn.path:
        yield DONE


def _deltas(turn: Turn, index: int, reply: Reply) -> Iterator[Part]:
    """Yield the tokens of one choice."""
    pace = turn.path.number("speed")
    wait = (Pause(1 / pace),) if pace else ()
    content = None if reply.calls else ""
    yield event(_chunk(turn, index, {"role": "assistant", "content": content}))
    for thought in reply.thoughts:
        yield from wait
        if turn.style.reasoning:
            yield event(_chunk(turn, index, {turn.style.reasoning: thought}))
    for piece in reply.pieces:
        yield from wait
        yield event(_chunk(turn, index, {"content": piece}))
    for number, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": ""}
        start = {"index": number, "id": call.id, "type": "function", "function": function}
        yield event(_chunk(turn, index, {"tool_calls": [start]}))
        for piece in call.pieces:
            yield from wait
            more = {"index": number, "function": {"arguments": piece}}
            yield event(_chunk(turn, index, {"tool_calls": [more]}))


def _chunk(turn: Turn, index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Return one chunk with one choice."""
    choice = {"index": index, "delta": delta, "logprobs": None, **_finish(turn, finish)}
    if turn.style.message_beside_delta:
        choice["message"] = {"role": "assistant", "content": delta.get("content") or ""}
    body = _envelope(turn, [choice])
    if turn.style.usage == "every":
        body["usage"] = turn.usage
    elif turn.style.usage == "asked" and turn.ask.wants_usage:
        body["usage"] = None
    return body


def _envelope(turn: Turn, choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields that every chunk has."""
    return {
        "id": turn.id,
        "object": "chat.completion.chunk",
        "created": turn.created,
        "model": turn.ask.model,
        "choices": choices,
        **turn.style.extra,
    }


def _last_of_choice(turn: Turn, index: int, reply: Reply, *, last: bool) -> dict[str, Any]:
    """Return the chunk that finishes a choice; some servers say the usage in the very last of them."""
    body = _chunk(turn, index, {}, reply.finish)
    doubled = turn.path.text("usage") == "doubled"
    if last and turn.path.text("usage") != "none":
        if turn.style.usage == "finish" or doubled:
            body["usage"] = turn.usage
        if turn.style.usage == "x_groq":
            body["x_groq"] = {"id": turn.id, "usage": turn.usage}
    return body


def _usage_chunks(turn: Turn) -> Iterator[Part]:
    """Yield the chunk that holds nothing but usage, where the style has one."""
    if turn.style.usage == "last":
        body = _chunk(turn, 0, {"role": "assistant", "content": ""})
        yield event(body | {"usage": turn.usage})
    elif (turn.style.usage == "asked" and turn.ask.wants_usage) or turn.path.text("usage") == "doubled":
        yield event(_envelope(turn, []) | {"usage": turn.usage})
