"""A strict server of the chat dialect, asked for by the path."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from llmhub.simulator.chat_request import check
from llmhub.simulator.replies import BadRequest
from tests.simulator.wire import CHAT, STREAM

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USER = {"role": "user", "content": "Hi"}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
TWO_CALLS = {**CALLS, "tool_calls": [CALL, {**CALL, "id": "c2"}]}
ANSWER = {"role": "tool", "tool_call_id": "c1", "content": "ok"}


def checked(**fields):
    check(json.dumps({"model": "m", "messages": [USER]} | fields).encode())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messages": [{"role": "developer", "content": "x"}, USER, CALLS, ANSWER, USER]},
        {"messages": [USER, TWO_CALLS, {**ANSWER, "tool_call_id": "c2"}, ANSWER]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        {
            "tools": [TOOL],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "parallel_tool_calls": False,
        },
        {"stream": True, "stream_options": {"include_usage": True}, "stop": ["a", "b", "c", "d"], "n": 2},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}},
        {"max_completion_tokens": 5, "reasoning_effort": "high", "temperature": 2},
    ],
)
def test_a_right_request_is_taken(fields):
    checked(**fields)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"max_output": 5}, "max_output: Unrecognized request argument"),
        ({"stop_sequences": ["x"]}, "stop_sequences: Unrecognized"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "model", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [ANSWER]}, "messages[0]: no 'tool_calls' before it"),
        ({"messages": [USER, CALLS]}, "messages: 'tool_calls' must be followed"),
        ({"messages": [USER, CALLS, USER]}, "messages[2]: 'tool_calls' must be followed"),
        ({"messages": [USER, TWO_CALLS, ANSWER, USER]}, "messages[3]: 'tool_calls' must be followed"),
        ({"messages": [USER, CALLS, {**ANSWER, "tool_call_id": "c9"}]}, "messages[2]: no 'tool_calls'"),
        ({"messages": [USER, CALLS, ANSWER, ANSWER]}, "messages[3]: no 'tool_calls'"),
        ({"messages": [USER, {**CALLS, "tool_calls": []}]}, "messages[1]"),
        ({"messages": [USER, {**CALLS, "tool_calls": [CALL, CALL]}]}, "messages[1]: ids of 'tool_calls'"),
        ({"messages": [USER, {**CALLS, "tool_calls": [{**CALL, "id": ""}]}]}, "messages[1].tool_calls[0].id"),
        (
            {
                "messages": [
                    USER,
                    {**CALLS, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]},
                ]
            },
            "messages[1].tool_calls[0].function.arguments",
        ),
        ({"tools": [{"name": "f", "input_schema": {}}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tool_choice": "auto"}, "tool_choice: only allowed when 'tools'"),
        ({"parallel_tool_calls": True}, "parallel_tool_calls: only allowed"),
        ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"stop": list("abcde")}, "stop: at most 4"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"temperature": 3}, "temperature"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
    ],
)
def test_a_wrong_request_is_refused_where_it_is_wrong(fields, place):
    with pytest.raises(BadRequest, match=re.escape(place)):
        checked(**fields)


def test_only_the_switch_makes_it_strict(simulator):
    body = CHAT | {"messages": [ANSWER]}

    assert httpx.post(simulator.path() + "/chat/completions", json=body).status_code == 200
    refused = httpx.post(simulator.path("exacting") + "/chat/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")
    for right in (CHAT, STREAM):
        assert httpx.post(simulator.path("exacting") + "/chat/completions", json=right).status_code == 200


def test_a_stop_ends_the_reply(simulator):
    def say(**fields):
        url = simulator.path("tokens/20") + "/chat/completions"
        return httpx.post(url, json=CHAT | fields).json()["choices"][0]

    whole = say()["message"]["content"]
    word = whole.split()[6]

    assert say(stop=word)["message"]["content"] == whole[: whole.index(word)]
    assert say(stop=["never said"])["message"]["content"] == whole
    assert say(stop=word)["finish_reason"] == "stop"


@pytest.mark.recordings
def test_what_real_servers_took_is_taken_here_too(recordings):
    """All but fields of a provider's own."""
    refused, taken = [], 0
    for case in sorted(recordings.glob("cases/*-chat/*/request.json")):
        try:
            check(case.read_bytes())
            taken += 1
        except BadRequest as refusal:
            refused.append(str(refusal))

    assert all("Unrecognized request argument" in each for each in refused), refused
    assert taken >= 60
