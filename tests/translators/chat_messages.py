"""Helpers of the tests that carry chat calls to a provider that speaks messages."""

from __future__ import annotations

import json

import msgspec
import pytest

from providers.translators import CannotTranslate
from providers.translators.chat_messages import chat_to_messages
from providers.wire import Answer, Event, Terms, Usage

PLAIN = Terms(top_k=True, reasoning="budget", cache_control=True)
ADAPTIVE = Terms(sampling=False, reasoning="adaptive", cache_control=True)
OLD = Terms(reasoning="budget", json_schema=False)

HI = {"role": "user", "content": "hi"}
PIXEL = "iVBORw0KGgo="
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def raw(fields):
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}


def translated(messages=(HI,), terms=PLAIN, **fields):
    return chat_to_messages(raw({"model": "m", "messages": list(messages), **fields}), terms)


def sent(messages=(HI,), terms=PLAIN, **fields):
    """What goes to the provider, as plain values."""
    return {
        name: json.loads(bytes(value)) for name, value in translated(messages, terms, **fields).body.items()
    }


def turns(*messages, **fields):
    """The turns that messages become, as (role, blocks)."""
    return [(turn["role"], turn["content"]) for turn in sent(messages, **fields)["messages"]]


def dropped(messages=(HI,), terms=PLAIN, **fields):
    return list(translated(messages, terms, **fields).dropped)


def refused(kind, messages=(HI,), terms=PLAIN, **fields):
    """The field that a refusal names."""
    with pytest.raises(CannotTranslate) as found:
        translated(messages, terms, **fields)
    assert type(found.value) is kind
    return found.value.param


def call(name, arguments="{}", call_id="c1"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def asks(*calls, content=None, **more):
    return {"role": "assistant", "content": content, "tool_calls": list(calls), **more}


def result(content, call_id="c1", **more):
    return {"role": "tool", "tool_call_id": call_id, "content": content, **more}


def text(words, **more):
    return {"type": "text", "text": words, **more}


def answer(*content, stop_reason="end_turn", usage=None, **more):
    body = {"id": "msg_1", "type": "message", "model": "claude", "content": list(content), **more}
    return Answer(
        body=raw({**body, "stop_reason": stop_reason}),
        usage=usage,
        model="claude",
        finish_reason=stop_reason or "",
        upstream_id="msg_1",
    )


def whole(*content, call=None, **more):
    """A whole answer as the caller reads it."""
    return json.loads((call or translated()).answers.whole(answer(*content, **more)))


def message(*content, call=None, **more):
    return whole(*content, call=call, **more)["choices"][0]["message"]


def chunks(*told, call=None, wants_usage=False, usage=None):
    """The chunks that the events of a stream become, its end included."""
    events = (call or translated()).answers.events(wants_usage=wants_usage)
    sse = b"".join([events.take(Event(json.dumps(event).encode())) for event in told]) + events.end(usage)
    parts = sse.split(b"\n\n")
    assert parts.pop() == b""
    assert all(part.startswith(b"data: {") and b"\n" not in part for part in parts)
    return [json.loads(part[6:]) for part in parts]


def deltas(*told, call=None):
    return [chunk["choices"][0]["delta"] for chunk in chunks(*told, call=call)]


def told(*content, stop_reason="end_turn", piece=3, **delta):
    """The events that tell `content`, each text in pieces of a few letters."""
    start = {"id": "msg_1", "model": "claude", "content": [], "usage": {"input_tokens": 1}}
    yield {"type": "message_start", "message": start}
    for index, block in enumerate(content):
        yield from _told(index, block, piece)
    yield {"type": "message_delta", "delta": {"stop_reason": stop_reason, **delta}, "usage": {}}


def _told(index, block, piece):
    at, whole = {"index": index}, dict(block)
    pieces = []
    if block["type"] == "text":
        whole["text"] = ""
        pieces = [{"type": "text_delta", "text": cut} for cut in _cut(block["text"], piece)]
        for citation in whole.pop("citations", []):
            pieces.append({"type": "citations_delta", "citation": citation})
    elif block["type"] in ("tool_use", "server_tool_use"):
        whole["input"] = {}
        written = "" if block["input"] == {} else json.dumps(block["input"])
        pieces = [{"type": "input_json_delta", "partial_json": cut} for cut in ["", *_cut(written, piece)]]
    elif block["type"] == "thinking":
        whole |= {"thinking": "", "signature": ""}
        pieces = [{"type": "thinking_delta", "thinking": cut} for cut in _cut(block["thinking"], piece)]
        pieces.append({"type": "signature_delta", "signature": block["signature"]})
    yield {"type": "content_block_start", **at, "content_block": whole}
    yield from ({"type": "content_block_delta", **at, "delta": delta} for delta in pieces)
    yield {"type": "content_block_stop", **at}


def _cut(words, piece):
    return [words[i : i + piece] for i in range(0, len(words), piece)]


def accumulated(found):
    """The message and finish reason that a client puts together from chunks."""
    message, finish = {"role": None, "content": "", "refusal": None}, None
    calls, details = {}, {}
    for choice in [chunk["choices"][0] for chunk in found if chunk["choices"]]:
        delta, finish = choice["delta"], choice["finish_reason"] or finish
        message["role"] = delta.get("role") or message["role"]
        message["content"] += delta.get("content") or ""
        message["refusal"] = delta.get("refusal") or message["refusal"]
        if "reasoning_content" in delta:
            message["reasoning_content"] = message.get("reasoning_content", "") + delta["reasoning_content"]
        message.setdefault("annotations", []).extend(delta.get("annotations", []))
        if function := delta.get("function_call"):
            _join(message.setdefault("function_call", {}), function)
        for one in delta.get("tool_calls", []):
            known = calls.setdefault(one["index"], {"function": {}})
            _join(known["function"], one["function"])
            known |= {key: value for key, value in one.items() if key in ("id", "type")}
        for one in delta.get("reasoning_details", []):
            _join(details.setdefault(one["index"], {}), one)
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    if details:
        message["reasoning_details"] = [details[index] for index in sorted(details)]
    return message, finish


def _join(known, piece):
    for key, value in piece.items():
        joins = isinstance(value, str) and key not in ("type", "name")
        known[key] = known.get(key, "") + value if joins else value


def comparable(message):
    """A message without what a stream cannot tell apart: null and empty content, no annotations."""
    found = {**message, "content": message["content"] or ""}
    return {key: value for key, value in found.items() if key == "content" or value not in ([], None, "")}


USAGE = Usage(
    input_tokens=130, output_tokens=50, cache_read_tokens=100, cache_write_tokens=20, reasoning_tokens=30
)
