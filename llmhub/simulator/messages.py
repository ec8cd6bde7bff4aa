"""Pure: replies in the messages dialect, whole and as a stream.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from llmhub.simulator.exchange import Part, Pause
from llmhub.simulator.paths import Path
from llmhub.simulator.replies import Ask, Reply, ToolCall

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


@dataclass(frozen=True)
class Turn:
    """Everything that one answer is made of."""

    id: str
    ask: Ask
    reply: Reply
    usage: dict[str, Any]
    path: Path


def signature(thinking: str) -> str:
    """Return what proves that the simulator thought this."""
    return b64encode(blake2b(thinking.encode(), key=b"simulator", digest_size=48).digest()).decode()


def event(data: dict[str, Any]) -> bytes:
    """Return `data` as one event of a stream, named by its type."""
    return b"event: " + data["type"].encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def whole(turn: Turn) -> dict[str, Any]:
    """Return the answer to a request without `stream`."""
    reply = turn.reply
    content: list[dict[str, Any]] = []
    if thinking := "".join(reply.thoughts):
        content.append({"type": "thinking", "thinking": thinking, "signature": signature(thinking)})
    if text := "".join(reply.pieces):
        content.append({"type": "text", "text": text})
    content += [_tool_use(call, _input(call)) for call in reply.calls]
    return _message(turn, content) | _stop(reply) | _usage(turn, turn.usage)


def stream(turn: Turn) -> Iterator[Part]:
    """Yield the answer event by event, with the pauses of the wanted speed between its tokens."""
    start = {"type": "message_start", "message": _message(turn, []) | _usage(turn, _first(turn.usage))}
    yield event(start)
    if turn.path.text("usage") == "doubled":
        yield event(start)
    for index, block in enumerate(_blocks(turn)):
        yield event({"type": "content_block_start", "index": index, "content_block": next(block)})
        if index == 0:
            yield event({"type": "ping"})
        for part in block:
            if isinstance(part, Pause):
                yield part
            else:
                yield event({"type": "content_block_delta", "index": index, "delta": part})
        yield event({"type": "content_block_stop", "index": index})
    yield event({"type": "message_delta", "delta": _stop(turn.reply)} | _usage(turn, turn.usage))
    if "no_done" not in turn.path:
        yield event({"type": "message_stop"})


def _blocks(turn: Turn) -> Iterator[Iterator[Any]]:
    """Yield each block of the answer: how it starts, then its deltas and pauses."""
    reply, pace = turn.reply, turn.path.number("speed")
    wait = (Pause(1 / pace),) if pace else ()
    if reply.thoughts:
        yield _thinking(reply.thoughts, wait)
    if reply.pieces:
        yield _deltas({"type": "text", "text": ""}, "text_delta", "text", reply.pieces, wait)
    for call in reply.calls:
        pieces = ("", *call.pieces)
        yield _deltas(_tool_use(call, {}), "input_json_delta", "partial_json", pieces, wait)


def _thinking(thoughts: tuple[str, ...], wait: tuple[Pause, ...]) -> Iterator[Any]:
    start = {"type": "thinking", "thinking": "", "signature": ""}
    yield from _deltas(start, "thinking_delta", "thinking", thoughts, wait)
    yield {"type": "signature_delta", "signature": signature("".join(thoughts))}


def _deltas(
    start: dict[str, Any], kind: str, place: str, pieces: tuple[str, ...], wait: tuple[Pause, ...]
) -> Iterator[Any]:
    yield start
    for piece in pieces:
        if piece:
            yield from wait
        yield {"type": kind, place: piece}


def _message(turn: Turn, content: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields that a whole answer and the start of a stream have."""
    return {
        "id": turn.id,
        "type": "message",
        "role": "assistant",
        "model": turn.ask.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop(reply: Reply) -> dict[str, Any]:
    """Return why the answer ends."""
    if reply.stopped_by:
        return {"stop_reason": "stop_sequence", "stop_sequence": reply.stopped_by}
    return {"stop_reason": STOP_REASONS[reply.finish], "stop_sequence": None}


def _usage(turn: Turn, usage: dict[str, Any]) -> dict[str, Any]:
    return {} if turn.path.text("usage") == "none" else {"usage": usage}


def _first(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the usage with which a stream begins: its output is only begun."""
    output = usage["output_tokens"]
    begun = {name: value for name, value in usage.items() if name != "output_tokens_details"}
    return begun | ({"output_tokens": 1} if isinstance(output, int) and output > 0 else {})


def _tool_use(call: ToolCall, given: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _input(call: ToolCall) -> dict[str, Any]:
    """Return the arguments of a call; {} where they were cut."""
    try:
        given: dict[str, Any] = msgspec.json.decode("".join(call.pieces), type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return given
