"""What becomes of the events of a stream of the messages dialect."""

from __future__ import annotations

import json

import pytest
from openai.types.chat import ChatCompletionChunk

from providers.errors import BadReply
from providers.wire import Event
from tests.translators.chat_messages import (
    OLD,
    USAGE,
    accumulated,
    chunks,
    comparable,
    deltas,
    message,
    text,
    told,
    translated,
    whole,
)

USE = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
THOUGHTS = [
    {"type": "thinking", "thinking": "Hmm.", "signature": "S"},
    {"type": "redacted_thinking", "data": "D"},
]
CITED = text("it rains.", citations=[{"url": "https://a.test", "title": "A"}])
JOKE = {"type": "json_schema", "json_schema": {"name": "j", "schema": {"type": "object"}}}
CONTENTS = {
    "text": [text("Hello, "), text("you.")],
    "tools": [text("Let me see."), USE, {**USE, "id": "t2", "input": {}}],
    "server tools": [text("A"), SEARCH, FOUND, {"type": "fallback"}, text("B"), USE],
    "thoughts": [*THOUGHTS, text("A"), {**THOUGHTS[0], "signature": "T"}, USE],
    "citations": [text("Well, "), CITED, text(" OK.")],
    "nothing": [],
}


def test_a_text_is_told_in_chunks():
    found = chunks(*told(text("Hello."), piece=4))

    assert {(one["id"], one["object"], one["created"], one["model"]) for one in found} == {
        ("msg_1", "chat.completion.chunk", 0, "claude")
    }
    assert [one["choices"] for one in found] == [
        [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        for delta, finish in [
            ({"role": "assistant", "content": ""}, None),
            ({"content": "Hell"}, None),
            ({"content": "o."}, None),
            ({}, "stop"),
        ]
    ]


def test_usage_is_told_last_and_only_to_who_asked():
    *before, last = chunks(*told(text("A")), wants_usage=True, usage=USAGE)

    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 180
    assert [one["usage"] for one in before] == [None] * len(before)
    assert not any("usage" in one for one in chunks(*told(text("A")), usage=USAGE))
    assert len(chunks(*told(text("A")), wants_usage=True)) == len(before)


def test_calls_are_counted_from_0_without_those_of_the_provider():
    found = [
        one["tool_calls"][0]
        for one in deltas(*told(text("A"), SEARCH, USE, SEARCH, USE))
        if "tool_calls" in one
    ]

    assert found[0] == {
        "index": 0,
        "id": "t1",
        "type": "function",
        "function": {"name": "weather", "arguments": ""},
    }
    assert [one["index"] for one in found if "id" in one] == [0, 1]
    assert all(one.keys() == {"index", "function"} for one in found if "id" not in one)


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("stop_reason", ["end_turn", "tool_use", "refusal"])
def test_a_stream_says_what_the_whole_answer_says(kind, stop_reason):
    said, finish = accumulated(chunks(*told(*CONTENTS[kind], stop_reason=stop_reason)))
    choice = whole(*CONTENTS[kind], stop_reason=stop_reason)["choices"][0]

    assert comparable(said) == comparable(choice["message"])
    assert finish == choice["finish_reason"]


def test_deprecated_functions_are_told_in_their_own_words():
    made = translated(functions=[{"name": "weather"}])
    said, finish = accumulated(chunks(*told(USE, stop_reason="tool_use"), call=made))

    assert said["function_call"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}
    assert "tool_calls" not in said
    assert finish == "function_call"


def test_names_are_restored():
    made = translated(tools=[{"type": "function", "function": {"name": "the.weather"}}])
    said, _ = accumulated(chunks(*told({**USE, "name": "the_weather"}), call=made))

    assert said["tool_calls"][0]["function"]["name"] == "the.weather"


@pytest.mark.parametrize(("given", "expected"), [({"joke": "ha"}, '{"joke": "ha"}'), ({}, "{}")])
def test_the_input_of_the_answer_tool_is_the_content(given, expected):
    made = translated(terms=OLD, response_format=JOKE)
    use = {"type": "tool_use", "id": "t", "name": "json_answer", "input": given}
    said, finish = accumulated(chunks(*told(use, stop_reason="tool_use"), call=made))

    assert said["content"] == expected
    assert "tool_calls" not in said
    assert finish == "stop"


def test_an_input_that_comes_whole_with_its_block_is_told_at_its_end():
    start = {"type": "content_block_start", "index": 0, "content_block": USE}
    said, _ = accumulated(chunks(start, {"type": "content_block_stop", "index": 0}))

    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"city": "Oslo"}


def test_reasoning_is_not_told_where_the_caller_wants_none():
    found = deltas(*told(*THOUGHTS, text("A")), call=translated(reasoning={"exclude": True}))

    assert found == [{"role": "assistant", "content": ""}, {"content": "A"}, {}]


def test_a_refusal_is_told_before_the_end():
    details = {"type": "refusal", "explanation": "Not this."}
    found = chunks(*told(stop_reason="refusal", stop_details=details))

    assert [one["choices"][0]["delta"] for one in found[1:]] == [{"refusal": "Not this."}, {}]
    assert found[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_a_second_start_is_not_told():
    start, *rest = told(text("A"))

    assert chunks(start, start, *rest) == chunks(start, *rest)


def test_a_second_end_is_not_told():
    *rest, end = told(text("A"))

    assert chunks(*rest, end, end) == chunks(*rest, end)


def test_pings_and_unknown_events_are_not_told():
    events = translated().answers.events(wants_usage=False)

    for data in (b'{"type":"ping"}', b'{"type":"brand_new"}', b"{}", b""):
        assert events.take(Event(data, "other")) == b""
    assert chunks({"type": "message_delta", "delta": {"stop_reason": None}, "usage": {}}) == []


def test_a_stream_without_a_start_tells_the_role_all_the_same():
    _, *rest = told(text("A"))

    assert chunks(*rest)[0]["choices"][0]["delta"]["role"] == "assistant"


def test_an_event_that_cannot_be_read_is_a_bad_reply():
    with pytest.raises(BadReply):
        translated().answers.events(wants_usage=False).take(Event(b"{bad"))


@pytest.mark.parametrize("kind", ["content_block_delta", "content_block_stop", "content_block_start"])
@pytest.mark.parametrize("odd", [{}, {"index": 7, "delta": 5}, {"index": None, "delta": {"type": 5}}])
def test_odd_events_are_survived(kind, odd):
    assert chunks({"type": kind, **odd}) == []


def test_the_callers_sdk_reads_every_chunk():
    content = [*THOUGHTS, CITED, USE]
    found = chunks(*told(*content, stop_reason="tool_use"), wants_usage=True, usage=USAGE)
    read = [ChatCompletionChunk.model_validate(one, strict=True) for one in found]

    assert read[-2].choices[0].finish_reason == "tool_calls"
    assert "".join(one.choices[0].delta.content or "" for one in read[:-1]) == message(*content)["content"]
