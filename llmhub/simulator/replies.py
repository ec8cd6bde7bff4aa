"""Pure: what is asked, and what is said to it: the same question always gets the same reply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import msgspec

from llmhub.simulator import phrases, schemas
from llmhub.simulator.dice import Dice
from llmhub.simulator.paths import Path

WORD = re.compile(r"\s*\S+")
PIECE = 4  # characters of JSON text that count as one token


class BadRequest(ValueError):
    """The request is wrong; the message says how."""


@dataclass(frozen=True)
class Ask:
    """A chat request, as far as the simulator cares."""

    model: str
    prompt: str  # the last thing the user said
    prompt_tokens: int
    seed: bytes
    stream: bool = False
    wants_usage: bool = False  # stream_options.include_usage
    choices: int = 1
    max_tokens: int | None = None
    tools: tuple[tuple[str, Any], ...] = ()  # name and schema; () when none may be called
    parallel: bool = True
    schema: Any = None  # of the reply; None: plain text
    thinks: bool = False
    stops: tuple[str, ...] = ()  # texts that end the reply
    call_prefix: str = "call_"  # of the ids of tool calls


@dataclass(frozen=True)
class ToolCall:
    """A function that the reply asks to call."""

    id: str
    name: str
    pieces: tuple[str, ...]  # of its arguments as JSON text


@dataclass(frozen=True)
class Reply:
    """One choice: each piece of it counts as one token."""

    pieces: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    stopped_by: str = ""  # the stop sequence that ended it
    tokens: int = field(init=False)

    def __post_init__(self) -> None:
        inside = sum(len(call.pieces) for call in self.calls)
        object.__setattr__(self, "tokens", len(self.pieces) + len(self.thoughts) + inside)


def read(content: bytes) -> Ask:
    """Return what the body of a chat request asks for. Raises `BadRequest`."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(f"We could not parse the JSON body of your request: {exc}") from exc
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        raise BadRequest("Missing required parameter: 'messages'.")
    messages = [message for message in body["messages"] if isinstance(message, dict)]
    texts = [_text(message.get("content")) for message in messages]
    asked = [text for message, text in zip(messages, texts, strict=True) if message.get("role") == "user"]
    model = str(body.get("model") or "")
    return Ask(
        model=model,
        prompt=asked[-1] if asked else "",
        prompt_tokens=3 + sum(4 + -(-len(text) // 4) for text in texts),
        seed=msgspec.json.encode([model, texts, body.get("seed")]),
        stream=body.get("stream") is True,
        wants_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        choices=max(1, min(16, int(body.get("n") or 1))),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        tools=_tools(body, answered=messages[-1].get("role") == "tool"),
        parallel=body.get("parallel_tool_calls") is not False,
        schema=_schema(body.get("response_format")),
        thinks=body.get("reasoning_effort", "none") != "none" or bool(body.get("reasoning")),
        stops=_stops(body.get("stop")),
    )


def _stops(given: Any) -> tuple[str, ...]:
    """Return the stop sequences, from one or from a list."""
    found = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return tuple(stop for stop in found if isinstance(stop, str) and stop)


def _text(content: Any) -> str:
    """Return the text of a message; a part that is no text counts as a few words."""
    if isinstance(content, list):
        return " ".join(str(p.get("text", "[attachment]")) for p in content if isinstance(p, dict))
    return content if isinstance(content, str) else ""


def _tools(body: dict[str, Any], *, answered: bool) -> tuple[tuple[str, Any], ...]:
    """Return the functions that may be called now: none once their results are there."""
    choice = body.get("tool_choice", "auto")
    if choice == "none" or answered:
        return ()
    functions = [tool.get("function", {}) for tool in body.get("tools") or () if isinstance(tool, dict)]
    if isinstance(choice, dict):
        wanted = choice.get("function", {}).get("name")
        functions = [function for function in functions if function.get("name") == wanted]
    return tuple((str(function.get("name")), function.get("parameters")) for function in functions)


def _schema(wanted: Any) -> Any:
    """Return the schema that the reply must follow."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema":
        return wanted.get("json_schema", {}).get("schema", {})
    return {"properties": {"answer": {}}} if kind == "json_object" else None


def compose(ask: Ask, path: Path) -> list[Reply]:
    """Return one reply per choice, cut where it would be longer than allowed."""
    said = [_reply(ask, path, Dice(ask.seed + bytes([index]))) for index in range(ask.choices)]
    kept = [_cut(_stopped(reply, ask), ask) for reply in said]
    return [replace(reply, finish="content_filter") for reply in kept] if "declines" in path else kept


def _reply(ask: Ask, path: Path, dice: Dice) -> Reply:
    """Return one whole reply."""
    count = path.number("reasoning", 20 + dice.below(60) if ask.thinks else 0)
    thoughts = _words(phrases.THOUGHTS, count, dice)
    formless = "formless" in path
    if ask.tools:
        calls = path.number("calls", 1) if ask.parallel else 1
        return Reply(
            calls=tuple(
                _call(ask.tools[index % len(ask.tools)], ask.call_prefix, dice, half=formless)
                for index in range(calls)
            ),
            thoughts=thoughts,
            finish="tool_calls",
        )
    if ask.schema is not None and not formless:
        return Reply(pieces=_json_pieces(schemas.value(ask.schema, dice)), thoughts=thoughts)
    length = path.number("tokens", 24 + dice.below(72))
    return Reply(pieces=_words(phrases.theme_of(ask.prompt), length, dice), thoughts=thoughts)


def _call(tool: tuple[str, Any], prefix: str, dice: Dice, *, half: bool = False) -> ToolCall:
    """Return a call of `tool` with arguments that its schema allows, or with half of their text."""
    name, schema = tool
    arguments = schemas.value(schema or {"type": "object"}, dice)
    pieces = _json_pieces(arguments)
    return ToolCall(prefix + dice.letters(24), name, ("{",) if half else pieces)


def _json_pieces(data: Any) -> tuple[str, ...]:
    """Return JSON text, cut into tokens."""
    text = msgspec.json.encode(data).decode()
    return tuple(text[start : start + PIECE] for start in range(0, len(text), PIECE))


def _words(sentences: tuple[str, ...], count: int, dice: Dice) -> tuple[str, ...]:
    """Return exactly `count` words of whole sentences, each with the space before it."""
    start = dice.below(len(sentences))

    def endless() -> Any:
        at = start
        while True:
            yield from WORD.findall(" " + sentences[at % len(sentences)])
            at += 1

    words = tuple(islice(endless(), count))
    return (words[0].lstrip(), *words[1:]) if words else ()


def _stopped(reply: Reply, ask: Ask) -> Reply:
    """Return `reply` up to the first of its stop sequences, which is no part of it."""
    text = "".join(reply.pieces)
    found = [(at, stop) for stop in ask.stops if (at := text.find(stop)) >= 0]
    if not found:
        return reply
    end, stop = min(found)
    pieces: list[str] = []
    for piece in reply.pieces:
        if end > 0:
            pieces.append(piece[:end])
        end -= len(piece)
    return replace(reply, pieces=tuple(pieces), stopped_by=stop)


def _cut(reply: Reply, ask: Ask) -> Reply:
    """Return `reply` within the allowed number of tokens, reasoning first."""
    limit = ask.max_tokens
    if limit is None or reply.tokens <= limit:
        return reply
    thoughts = reply.thoughts[:limit]
    left = limit - len(thoughts)
    calls: list[ToolCall] = []
    for call in reply.calls:
        if left > 0:
            calls.append(ToolCall(call.id, call.name, call.pieces[:left]))
            left -= len(calls[-1].pieces)
    return Reply(pieces=reply.pieces[:left], thoughts=thoughts, calls=tuple(calls), finish="length")
