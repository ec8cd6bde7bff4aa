"""Pure: the events of a stream put together to the answer that they tell, in whichever dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_DATA = "data:"
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_GROWS = {"partial_json": "input"}


def put_together(text: str) -> dict[str, Any]:
    """Return the answer of a stream: `choices` or `content`, and `error`; empty where nothing can be read."""
    choices: dict[Any, dict[str, Any]] = {}
    blocks: dict[Any, dict[str, Any]] = {}
    found: dict[str, Any] = {}
    for event in _events(text):
        if isinstance(event.get("error"), dict):
            found["error"] = event["error"]
        for choice in _dicts(event.get("choices")):
            _add_delta(choices.setdefault(choice.get("index"), {"role": "assistant"}), choice.get("delta"))
        _add_block(blocks, event)
    if choices:
        found["choices"] = [{"message": _message(choice)} for choice in choices.values()]
    if blocks:
        found["content"] = list(blocks.values())
    return found


def _events(text: str) -> Iterator[dict[str, Any]]:
    """Yield what the events hold; the last may be cut."""
    for line in text.split("\n"):
        if line.startswith(_DATA):
            try:
                event = json.loads(line[len(_DATA) :])
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield event


def _add_delta(message: dict[str, Any], delta: Any) -> None:
    if not isinstance(delta, dict):
        return
    for name in ("content", "refusal", "reasoning_content", "reasoning"):
        if isinstance(delta.get(name), str):
            message[name] = message.get(name, "") + delta[name]
    for call in _dicts(delta.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, dict):
            calls = message.setdefault("calls", {})
            made = calls.setdefault(call.get("index"), {"name": "", "arguments": ""})
            for name in made:
                made[name] += function.get(name) or ""


def _message(choice: dict[str, Any]) -> dict[str, Any]:
    calls = choice.pop("calls", {})
    return choice | {"tool_calls": [{"function": made} for made in calls.values()]}


def _add_block(blocks: dict[Any, dict[str, Any]], event: dict[str, Any]) -> None:
    block, delta = event.get("content_block"), event.get("delta")
    if isinstance(block, dict):
        blocks[event.get("index")] = {**block, "input": ""} if "input" in block else dict(block)
    elif isinstance(delta, dict) and event.get("index") in blocks:
        name = _DELTAS.get(str(delta.get("type")), "")
        grown = _GROWS.get(name, name)
        if isinstance(delta.get(name), str):
            there = blocks[event.get("index")]
            there[grown] = str(there.get(grown) or "") + delta[name]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
