"""Whether what a call asked for is well formed, heard in passing in both dialects."""

from __future__ import annotations

import json

import msgspec
import pytest

from routing.gateway import ear
from routing.gateway.ear import Judged, ear_for


def body(**fields):
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}


TOOLS = body(tools=[{"type": "function", "function": {"name": "f"}}])
FORM = body(response_format={"type": "json_object"})
NOTHING = object()


def whole(content="", *, finish="stop", arguments=()):
    calls = [{"function": {"name": "f", "arguments": each}} for each in arguments]
    message = {"content": content, "tool_calls": calls}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}]}).encode()


def events(*deltas, finish="tool_calls"):
    for delta in deltas:
        yield json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()
    yield json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}).encode()
    yield b"[DONE]"


def piece(arguments, index=0):
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def listened(asked, content, dialect="chat"):
    found = ear_for(asked, dialect)
    if isinstance(content, bytes):
        found.whole(content)
    else:
        read = found.through(lambda _data: NOTHING)
        assert all(read(data) is NOTHING for data in content)
    return found.judged()


@pytest.mark.parametrize(
    ("asked", "content", "judged"),
    [
        (TOOLS, whole(arguments=['{"a": 1}', '{"a": ', ""]), Judged(tool_calls=3, bad_tool_calls=1)),
        (TOOLS, whole("no tool"), Judged()),
        (FORM, whole('{"a": 1}'), Judged(schemas=1)),
        (FORM, whole("Sure! {}"), Judged(schemas=1, bad_schemas=1)),
        (FORM, whole('{"a": ', finish="length"), Judged()),  # its caller's limit cut it
        (FORM, whole("I cannot", finish="content_filter"), Judged()),
        (TOOLS, events(piece('{"a"'), piece(": 1}")), Judged(tool_calls=1)),
        (TOOLS, events(piece('{"a"'), piece("oops", 1)), Judged(tool_calls=2, bad_tool_calls=2)),
        (FORM, events({"content": "[1,"}, {"content": "2]"}, finish="stop"), Judged(schemas=1)),
        (FORM, events({"content": "[1,"}, finish="length"), Judged()),
    ],
)
def test_malformed_answers_are_counted_and_only_they(asked, content, judged):
    assert listened(asked, content) == judged


def test_it_hears_the_other_dialect():
    piece_of_input = {"type": "input_json_delta", "partial_json": '{"a'}
    stream = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}},
        {"type": "content_block_delta", "index": 0, "delta": piece_of_input},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ]

    found = listened(TOOLS, [json.dumps(each).encode() for each in stream], "messages")

    assert found == Judged(tool_calls=1, bad_tool_calls=1)


def test_nothing_is_listened_for_where_nothing_was_asked():
    assert ear_for(body(messages=[]), "chat") is None


def test_what_is_too_large_is_not_judged(monkeypatch):
    monkeypatch.setattr(ear, "_MOST_WHOLE", 10)
    monkeypatch.setattr(ear, "_MOST_EVENTS", 10)

    assert listened(FORM, whole("no JSON")) == Judged()
    assert listened(FORM, events({"content": "no JSON"}, finish="stop")) == Judged()
