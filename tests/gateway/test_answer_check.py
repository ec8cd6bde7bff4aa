"""Whether an answer is of use to its caller."""

from __future__ import annotations

import json

import msgspec
import pytest

from routing.answer_check import Form, Said, fault_of, form_of, said_stream, said_whole

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORM = Form(is_json=True, schema=SCHEMA)


def body(**fields) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


@pytest.mark.parametrize(
    ("said", "form", "fault"),
    [
        (Said("Hello", finish_reason="stop"), Form(), ""),
        (Said("Hel", finish_reason="length"), Form(), "truncated"),
        (Said("Hel", finish_reason="max_tokens"), Form(), "truncated"),
        (Said("Hel", finish_reason="content_filter"), Form(), "refused"),
        (Said("", refusal="I can't", finish_reason="stop"), Form(), "refused"),
        (Said(" ", finish_reason="stop"), Form(), "empty"),
        (Said('{"n": 1}'), FORM, ""),
        (Said('{"n": "1"}'), FORM, "schema"),
        (Said("no JSON"), FORM, "schema"),
        (Said("[" * 100_000), FORM, "schema"),
        (Said("[1]"), Form(is_json=True), ""),
        (Said("x"), Form(is_json=True, schema={"$ref": "http://127.0.0.1:1/schema"}), "schema"),
        (Said("1"), Form(is_json=True, schema={"$ref": "http://127.0.0.1:1/schema"}), ""),  # nothing fetched
        (Said("1"), Form(is_json=True, schema={"type": 5}), ""),  # no schema that can be checked
        (Said(arguments={0: '{"a": 1}'}), FORM, ""),
        (Said(arguments={0: ""}), Form(), ""),
        (Said(arguments={0: "{}", 1: '{"a": '}), Form(), "tool_arguments"),
        (Said(arguments={0: "[]"}), Form(), "tool_arguments"),
    ],
)
def test_what_keeps_an_answer_from_being_used(said, form, fault):
    assert fault_of(said, form) == fault


def test_the_form_that_is_asked_for_in_both_dialects():
    chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    messages = {"format": {"type": "json_schema", "schema": SCHEMA}}

    assert form_of(body(response_format=chat), "chat") == FORM
    assert form_of(body(response_format={"type": "json_object"}), "chat") == Form(is_json=True)
    assert form_of(body(output_config=messages), "messages") == FORM
    assert form_of(body(), "chat") == form_of(body(), "messages") == Form()
    assert form_of(body(response_format="odd"), "chat") == Form()


def test_a_form_that_is_larger_by_far_than_any_schema_is_not_read():
    schema = {"type": "object", "enum": ["x" * 1024] * 1024}
    chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}

    assert form_of(body(response_format=chat), "chat") == Form()
    assert form_of(body(output_config={"format": chat}), "messages") == Form()


def events(*values) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def test_a_chat_stream_says_what_the_whole_answer_says():
    call = {"index": 0, "function": {"name": "f", "arguments": '{"a"'}}
    more = {"index": 0, "function": {"arguments": ": 1}"}}
    stream = events(
        {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
        {"choices": [{"index": 0, "delta": {"content": "lo", "tool_calls": [call]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [more]}, "finish_reason": "tool_calls"}]},
        {"choices": []},
    )
    message = {"content": "Hello", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}
    whole = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode()

    expected = Said("Hello", "", "tool_calls", {0: '{"a": 1}'})
    assert said_stream(stream + b"data: [DONE]\n\n", "chat") == said_whole(whole, "chat") == expected


def test_a_messages_stream_says_what_the_whole_answer_says():
    stream = events(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "f"}},
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": "{"},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": "}"},
        },
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    )
    blocks = [{"type": "text", "text": "Hello"}, {"type": "tool_use", "input": {}}]
    whole = json.dumps({"content": blocks, "stop_reason": "tool_use"}).encode()

    expected = Said("Hello", "", "tool_use", {1: "{}"})
    assert said_stream(stream, "messages") == said_whole(whole, "messages") == expected


@pytest.mark.parametrize("content", [b"", b"[]", b'{"choices": 5}', b'{"choices": [5]}', b"\xff", b"{" * 999])
def test_what_no_one_can_read_says_nothing(content):
    assert said_whole(content, "chat") == Said()
    assert said_stream(b"data: " + content + b"\n\n", "chat") == Said()
