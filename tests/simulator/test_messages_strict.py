"""What the messages dialect refuses: everything that a translator could get wrong."""

from __future__ import annotations

import copy
import json
import re

import pytest

from llmhub.simulator.messages import signature
from llmhub.simulator.messages_request import read
from llmhub.simulator.replies import BadRequest

ASK = {"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": "Hi"}]}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
TEXT = {"type": "text", "text": "Hi"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": signature("hm")}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def user(*blocks):
    return {"role": "user", "content": list(blocks) if blocks else "Hi"}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def asked(*, adaptive=False, counts=False, version="2023-06-01", **fields):
    body = {name: value for name, value in (copy.deepcopy(ASK) | fields).items() if value is not ...}
    return read(json.dumps(body).encode(), {"anthropic-version": version}, adaptive=adaptive, counts=counts)


TWO_USES = assistant(USE, {**USE, "id": "t2"})
OPEN = {"type": "json_schema", "schema": {"type": "object"}}
SHORT = {"type": "string", "minLength": 2}
BOUNDED = {"type": "object", "additionalProperties": False, "properties": {"a": SHORT}}
LOOP = [user(), assistant(TEXT, USE), user(RESULT, TEXT)]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"max_tokens": 0},
        {"messages": LOOP},
        {"messages": [user(), assistant(THOUGHT, USE), user(RESULT)], "thinking": BUDGET},
        {"messages": [user(), user(), assistant(TEXT), assistant({"type": "text", "text": "x"})]},
        {"messages": [user(), TWO_USES, user(RESULT), user({**RESULT, "tool_use_id": "t2"})]},
        {"messages": [user(TEXT, IMAGE)]},
        {"messages": [user(), assistant(USE), user({**RESULT, "content": [TEXT, IMAGE], "is_error": True})]},
        {"messages": [user(), assistant(USE), user({"type": "tool_result", "tool_use_id": "t1"})]},
        {"messages": [user(), {"role": "assistant", "content": "The answer is"}]},
        {"messages": [user(), assistant({"type": "redacted_thinking", "data": "x"}, TEXT), user()]},
        {"system": "s", "temperature": 0.5, "top_p": 0.9, "top_k": 5, "metadata": {"user_id": "u"}},
        {"system": [{**TEXT, "cache_control": {"type": "ephemeral"}}]},
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
        {"tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}]},
        {
            "thinking": BUDGET,
            "temperature": 1.0,
            "top_p": 0.95,
            "tools": [TOOL],
            "tool_choice": {"type": "auto"},
        },
        {"thinking": {"type": "disabled"}, "temperature": 0.2},
        {
            "adaptive": True,
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "low"},
            "temperature": 1,
        },
        {"counts": True, "max_tokens": ..., "thinking": {"type": "enabled", "budget_tokens": 9000}},
        {"version": "2026-10-21"},
    ],
)
def test_a_right_request_is_taken(fields):
    assert asked(**fields).model == "m"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        # the whole
        ({"max_tokens": ...}, "max_tokens: Field required"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"model": ...}, "model: Field required"),
        ({"messages": ...}, "messages: Field required"),
        ({"messages": []}, "messages: at least one"),
        ({"messages": "Hi"}, "messages: Input should be a list"),
        ({"n": 1}, "n: Extra inputs are not permitted"),
        ({"stop": "x"}, "stop: Extra inputs are not permitted"),
        ({"llmhub": {}}, "llmhub: Extra inputs are not permitted"),
        ({"version": ""}, "anthropic-version: header is required"),
        ({"version": "2022-01-01"}, "anthropic-version"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": {"user": "x"}}, "metadata.user: Extra inputs are not permitted"),
        ({"stop_sequences": [" \n"]}, "stop_sequences.0"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"counts": True}, "max_tokens: Extra inputs are not permitted"),
        ({"counts": True, "max_tokens": ..., "stream": True}, "stream: Extra inputs are not permitted"),
        # roles and content
        ({"messages": [assistant(TEXT)]}, "messages: the first message"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [user() | {"name": "x"}]}, "messages.0.name: Extra inputs are not permitted"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: its content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages.0: its content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content: Field required"),
        (
            {"messages": [user({"type": "text", "text": ""})]},
            "messages: text content blocks must be non-empty",
        ),
        ({"messages": [user({"type": "text", "text": " \n"})]}, "messages: text content blocks must contain"),
        ({"messages": [user({**TEXT, "index": 0})]}, "messages.0.content.0.text.index: Extra inputs"),
        ({"messages": [user({"type": "image_url", "image_url": {}})]}, "messages.0.content.0"),
        (
            {"messages": [user({**IMAGE, "source": {**IMAGE["source"], "media_type": "image/tiff"}})]},
            "messages.0",
        ),
        (
            {"messages": [user({**IMAGE, "source": {**IMAGE["source"], "data": "data:x"}})]},
            "messages.0.content.0",
        ),
        ({"messages": [user(), assistant({"type": "text", "text": "so "})]}, "messages: the final assistant"),
        (
            {"messages": [user({**TEXT, "cache_control": {"type": "x"}})]},
            "messages.0.content.0.text.cache_control",
        ),
        (
            {"messages": [user(*[{**TEXT, "cache_control": {"type": "ephemeral"}}] * 5)]},
            "cache_control: at most 4",
        ),
        ({"system": 5}, "system"),
        ({"system": [{"type": "text", "text": ""}]}, "messages: text content blocks"),
        # tools and their results
        ({"messages": [user(), assistant(USE)]}, "messages.1: `tool_use` ids without"),
        ({"messages": [user(), assistant(USE), user()]}, "messages.1: `tool_use` ids without"),
        ({"messages": [user(), assistant(USE), user(TEXT, RESULT)]}, "messages.1: `tool_use` ids without"),
        ({"messages": [user(), TWO_USES, user(RESULT)]}, "messages.1: `tool_use` ids"),
        (
            {"messages": [user(), assistant(USE, USE), user(RESULT)]},
            "messages.1: `tool_use` ids must be unique",
        ),
        ({"messages": [user(RESULT)]}, "messages.0: unexpected `tool_use_id`"),
        ({"messages": [*LOOP, assistant(TEXT), user(RESULT)]}, "messages.4: unexpected `tool_use_id`"),
        ({"messages": [user(), assistant(USE), user(RESULT, RESULT)]}, "messages.2: more than one"),
        ({"messages": [user(USE)]}, "messages.0.content.0: no block of the type 'tool_use'"),
        (
            {"messages": [user(), assistant(RESULT)]},
            "messages.1.content.0: no block of the type 'tool_result'",
        ),
        ({"messages": [user(), assistant({**USE, "id": "t:1"}), user()]}, "messages.1.content.0.tool_use.id"),
        (
            {"messages": [user(), assistant({**USE, "name": "a.b"}), user()]},
            "messages.1.content.0.tool_use.name",
        ),
        (
            {"messages": [user(), assistant({**USE, "input": "{}"}), user()]},
            "messages.1.content.0.tool_use.input",
        ),
        (
            {
                "messages": [
                    user(),
                    assistant(USE),
                    user({**RESULT, "content": [{"type": "text", "text": ""}]}),
                ]
            },
            "messages: text",
        ),
        ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0.custom.name"),
        ({"tools": [{"name": "x" * 129, "input_schema": {"type": "object"}}]}, "tools.0.custom.name"),
        ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "f", "input_schema": {}}]}, "tools.0.custom.input_schema.type"),
        ({"tools": [{**TOOL, "parameters": {}}]}, "tools.0.custom.parameters: Extra inputs"),
        ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique"),
        ({"tools": [{"type": "function", "function": TOOL}]}, "tools.0.name: Field required"),
        ({"tool_choice": {"type": "auto"}}, "tool_choice: it may only be given with tools"),
        ({"tools": [TOOL], "tool_choice": "auto"}, "tool_choice: Input should be an object"),
        ({"tools": [TOOL], "tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "none", "disable_parallel_tool_use": True}},
            "tool_choice.none",
        ),
        # thinking and sampling
        (
            {"messages": [user(), assistant({**THOUGHT, "signature": "x"}, TEXT), user()]},
            "messages.1.content.0.thinking: Invalid `signature`",
        ),
        (
            {"messages": [user(), assistant({**THOUGHT, "thinking": "other"}, TEXT), user()]},
            "messages.1.content.0.thinking",
        ),
        (
            {"messages": [user(), assistant({"type": "thinking", "thinking": "hm"}, TEXT), user()]},
            "messages.1.content.0.thinking.signature: Field required",
        ),
        ({"messages": LOOP, "thinking": BUDGET}, "messages: with thinking, calls of tools begin with it"),
        ({"messages": [user(), assistant(TEXT)], "thinking": BUDGET}, "messages: the last message"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.enabled.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "max_tokens"),
        ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
        ({"thinking": {"type": "adaptive"}}, "thinking: adaptive"),
        ({"thinking": {"type": "x"}}, "thinking.type"),
        ({"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice"),
        ({"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "f"}}, "tool_choice"),
        ({"thinking": BUDGET, "temperature": 0.5}, "temperature"),
        ({"thinking": BUDGET, "top_k": 5}, "top_k"),
        ({"thinking": BUDGET, "top_p": 0.5}, "top_p"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"version": "2026-10-21", "temperature": 1}, "temperature: not taken"),
        ({"adaptive": True, "temperature": 0.5}, "temperature: this model"),
        ({"adaptive": True, "top_p": 0.9, "top_k": 4}, "top_p, top_k: this model"),
        ({"adaptive": True, "thinking": BUDGET}, "thinking: `thinking.type.enabled` is not supported"),
        ({"adaptive": True, "messages": [user(), assistant(TEXT)]}, "messages: this model"),
        # the form of the answer
        ({"output_config": {"effort": "low"}}, "output_config.effort"),
        ({"adaptive": True, "output_config": {"effort": "minimal"}}, "output_config.effort"),
        (
            {"output_config": {"format": {"type": "json_object"}}},
            "output_config.format.schema: Field required",
        ),
        ({"output_config": {"format": OPEN}}, "output_config.format.schema: for 'object'"),
        (
            {"output_config": {"format": {**OPEN, "schema": BOUNDED}}},
            "output_config.format.schema.properties.a.minLength",
        ),
        ({"response_format": {"type": "json_object"}}, "response_format: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_request_is_refused_where_it_is_wrong(fields, place):
    with pytest.raises(BadRequest, match=re.escape(place)):
        asked(**fields)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"", b"[" * 100_000])
def test_what_is_no_object_is_refused(content):
    with pytest.raises(BadRequest):
        read(content, {"anthropic-version": "2023-06-01"}, adaptive=False)


@pytest.mark.recordings
@pytest.mark.parametrize("folder", ["anthropic-messages", "anthropic-count_tokens"])
def test_what_the_real_api_took_is_taken_here_too(recordings, folder):
    """All but one: its thinking was signed by the real API."""
    refused = []
    for case in sorted(recordings.glob(f"cases/{folder}/*")):
        content = (case / "request.json").read_bytes()
        adaptive = b'"adaptive"' in content
        try:
            read(
                content,
                {"anthropic-version": "2023-06-01"},
                adaptive=adaptive,
                counts=folder.endswith("count_tokens"),
            )
        except BadRequest as refusal:
            refused.append(str(refusal))

    assert all("Invalid `signature`" in each for each in refused)
    assert len(refused) <= 1
