"""What a messages call asks for, and what in it tokens do not bound."""

from __future__ import annotations

import json

import pytest

from routing.gateway.errors import Refusal
from routing.gateway.messages_request import read_count, read_messages

HELLO = [{"role": "user", "content": "Hello"}]


def read(**fields):
    body = {"model": "acme/small", "max_tokens": 30, "messages": HELLO} | fields
    return read_messages(json.dumps(body).encode(), {"x": "y"}, known_providers=[])


def content(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def test_it_is_read_as_far_as_it_has_to_be():
    request = read(stream=True, tools=[{"name": "f", "input_schema": {}}])

    assert (request.model, request.dialect, request.operation) == ("acme/small", "messages", "generate")
    assert request.stream
    assert request.wants_usage
    assert (request.size.output_limit, request.size.messages, request.size.tools) == (30, 1, True)
    assert (request.size.files, request.size.unbounded) == (False, "")
    assert request.headers == {"x": "y"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"tools": {}}, "tools"),
    ],
)
def test_what_is_missing_or_wrong_is_named(fields, param):
    with pytest.raises(Refusal) as caught:
        read(**fields)

    assert (caught.value.name, caught.value.param) == ("invalid_request", param)


FORM = {"type": "json_schema", "schema": {}}


@pytest.mark.parametrize(
    ("fields", "instructed"),
    [
        ({}, False),
        ({"tools": [], "output_config": None}, False),
        ({"tools": [{"name": "f", "input_schema": {}}]}, True),
        ({"output_config": {"format": FORM}}, True),
        ({"output_format": FORM}, True),
    ],
)
def test_a_provider_adds_instructions_for_tools_and_for_a_form(fields, instructed):
    assert read(**fields).size.tools is instructed


def test_a_limit_of_0_only_fills_the_cache():
    assert read(max_tokens=0).size.output_limit == 0


@pytest.mark.parametrize(
    ("block", "files"),
    [
        ({"type": "text", "text": "x"}, False),
        ({"type": "image", "source": {}}, True),
        ({"type": "document", "source": {}}, True),
        ({"type": "tool_result", "tool_use_id": "a", "content": "x"}, False),
        ({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "image"}]}, True),
        ({"type": "thinking", "thinking": "x", "signature": "y"}, False),
        ({"type": "something_new"}, True),
    ],
)
def test_what_is_not_text_counts_as_a_file(block, files):
    assert read(messages=content(block)).size.files is files


def test_messages_that_are_no_messages_count_as_files():
    assert read(messages=[3]).size.files


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "server tools"),
        ({"tools": [{"type": "custom", "name": "f", "input_schema": {}}]}, ""),
        ({"tools": [{"name": "f", "input_schema": {}}]}, ""),
        ({"mcp_servers": [{"url": "https://x.test"}]}, "tool servers"),
        ({"mcp_servers": []}, ""),
        ({"container": "c_1"}, "a container"),
        ({"service_tier": "auto"}, ""),
        ({"service_tier": "turbo"}, "a dearer service tier"),
        ({"speed": "fast"}, "a dearer speed"),
        ({"inference_geo": "us"}, "a dearer region"),
        ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}, ""),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "compaction"),
    ],
)
def test_what_tokens_do_not_bound_is_named(fields, what):
    assert read(**fields).size.unbounded == what


def test_counting_needs_no_limit_and_generates_nothing():
    body = {"model": "acme/small", "messages": HELLO, "stream": True}

    request = read_count(json.dumps(body).encode(), {}, known_providers=[])

    assert (request.operation, request.stream, request.size.output_limit) == ("count", False, 0)
