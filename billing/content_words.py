"""Pure: what was said in a call, laid out for people: turn by turn, in whichever dialect.

Images and files are named, not shown. What cannot be read, such as a body that was cut, gives None.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from billing.content_stream import put_together

Kind = Literal["text", "thinking", "tool", "result", "media", "other"]
_SHOWN_SETTINGS = (str, int, float, bool)
_NO_SETTING = {"system", "input"}
_BASE64 = 4 / 3  # letters per byte


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a turn."""

    kind: Kind
    text: str = field(repr=False, default="")
    label: str = ""  # of what is no plain text: "calls get_weather"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    role: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what was said so far, and what else it holds."""

    turns: tuple[Turn, ...]
    tools: tuple[str, ...] = ()  # names of those that were offered
    settings: tuple[tuple[str, str], ...] = ()


def asked(text: str) -> Asked | None:
    """Return the body of a request, laid out."""
    body = _object(text)
    if body is None:
        return None
    turns = [Turn("system", _parts(body["system"]))] if body.get("system") else []
    turns += [_turn(each) for each in _dicts(body.get("messages"))]
    if "input" in body:
        turns.append(Turn("input", _inputs(body["input"])))
    settings = (
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in body.items()
        if isinstance(value, _SHOWN_SETTINGS) and name not in _NO_SETTING
    )
    return Asked(tuple(turns), _tools(body.get("tools")), tuple(settings))


def answered(text: str) -> tuple[Turn, ...] | None:
    """Return an answer, whole or as the events of a stream, laid out; an error is a turn, too."""
    if not text.lstrip().startswith("{"):
        found = put_together(text)
        return _answers(found) if found else None
    body = _object(text)
    return None if body is None else _answers(body) or None


def _answers(body: dict[str, Any]) -> tuple[Turn, ...]:
    turns = [_turn(choice.get("message")) for choice in _dicts(body.get("choices"))]
    if isinstance(body.get("content"), list):
        turns.append(Turn("assistant", _parts(body["content"])))
    if isinstance(body.get("data"), list):
        turns.append(Turn("answer", (Part("other", label=f"{len(body['data'])} embeddings"),)))
    error = body.get("error")
    if isinstance(error, dict):
        turns.append(Turn("error", (Part("text", _text(error.get("message"))),)))
    return tuple(turns)


def _turn(message: Any) -> Turn:
    if not isinstance(message, dict):
        return Turn("unknown", ())
    thought = message.get("reasoning_content") or message.get("reasoning")
    parts = [Part("thinking", thought, "thinking")] if isinstance(thought, str) and thought else []
    said = _parts(message.get("content"))
    parts += [replace(part, kind="result") for part in said] if message.get("role") == "tool" else said
    if isinstance(message.get("refusal"), str):
        parts.append(Part("text", message["refusal"], "refuses"))
    for call in _dicts(message.get("tool_calls")):
        function = call.get("function")
        named = function if isinstance(function, dict) else {}
        parts.append(
            Part("tool", _text(named.get("arguments")), f"calls {_text(named.get('name')) or 'a tool'}")
        )
    return Turn(_text(message.get("role")) or "assistant", tuple(parts))


def _parts(content: Any) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Part("text", content),) if content else ()
    items = content if isinstance(content, list) else [content]
    return tuple(_part(item) for item in items if item is not None)


def _part(item: Any) -> Part:
    if isinstance(item, str):
        return Part("text", item)
    if not isinstance(item, dict):
        return Part("other", json.dumps(item))
    kind = _text(item.get("type"))
    if kind in {"text", "output_text", "input_text", "refusal"}:
        return Part("text", _text(item.get("text", item.get("refusal"))))
    if "thinking" in kind:
        return Part("thinking", _text(item.get("thinking")), kind.replace("_", " "))
    if kind.endswith("tool_use"):
        return Part("tool", _text(item.get("input")), f"calls {_text(item.get('name')) or 'a tool'}")
    if kind.endswith("tool_result"):
        inner = "\n".join(part.text or part.label for part in _parts(item.get("content")))
        return Part("result", inner, f"result of {_text(item.get('tool_use_id')) or 'a tool'}")
    return Part("media", label=_media(item, kind))


def _media(item: dict[str, Any], kind: str) -> str:
    """Return the name of an image, a sound or a file; none is shown."""
    holder = item.get(kind) or item.get("source") or item
    holder = holder if isinstance(holder, dict) else {"url": holder}
    name = (kind or "something").removesuffix("_url").removeprefix("input_")
    url = _text(holder.get("url"))
    data = _text(holder.get("data") or holder.get("file_data")) or (url if url.startswith("data:") else "")
    if not data:
        return f"{name} at {url[:200]}" if url else name
    declared = data.partition(";")[0].removeprefix("data:") if data.startswith("data:") else ""
    what = declared or _text(holder.get("media_type") or holder.get("format"))
    kilobytes = len(data.rpartition(",")[2]) / _BASE64 / 1000
    return f"{name}, {what + ', ' if what else ''}{kilobytes:.1f} kB, not shown"


def _inputs(given: Any) -> tuple[Part, ...]:
    """Return the texts of a call for embeddings; tokens are counted."""
    if isinstance(given, list) and given and not isinstance(given[0], str):
        return (Part("other", label=f"{len(given)} {'tokens' if isinstance(given[0], int) else 'texts'}"),)
    return _parts(given)


def _tools(given: Any) -> tuple[str, ...]:
    found = []
    for tool in _dicts(given):
        function = tool.get("function")
        named = function if isinstance(function, dict) else tool
        found.append(_text(named.get("name") or tool.get("type")))
    return tuple(found)


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
