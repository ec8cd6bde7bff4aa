"""A whole answer of a chat provider as a message, read by the real SDK."""

from __future__ import annotations

import json

import pytest

from providers.errors import BadReply
from providers.translators.foreign import FOREIGN_SIGNATURE, is_foreign, unsealed
from providers.translators.messages_chat_draft import LEFT_OUT
from providers.translators.messages_chat_said import message_usage
from providers.wire import Answer, Usage
from tests.translators.messages_chat_parts import ROUTER, answer_of, answers, blocks, call, history, whole

PLAIN_THOUGHT = {"type": "thinking", "thinking": "hm", "signature": FOREIGN_SIGNATURE}


def content(message, finish_reason="stop"):
    return blocks(whole(answer_of(message, finish_reason)))


def calls(*fragments):
    return content({"tool_calls": list(fragments)})


def test_a_text_is_a_message():
    found = whole(answer_of({"content": "hi"}))

    assert json.loads(found.model_dump_json(exclude_none=True)) == {
        "id": "msg_chatcmpl-1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 7,
            "output_tokens": 3,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


@pytest.mark.parametrize(
    ("finish_reason", "expected"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
        ("eos", "end_turn"),
        (None, "end_turn"),
        (7, "end_turn"),
    ],
)
def test_why_the_model_stopped(finish_reason, expected):
    assert whole(answer_of({"content": "hi"}, finish_reason)).stop_reason == expected


@pytest.mark.parametrize(
    ("finish_reason", "expected"),
    [("stop", "tool_use"), (None, "tool_use"), ("length", "max_tokens"), ("content_filter", "refusal")],
)
def test_a_call_is_why_the_model_stopped_unless_it_was_stopped(finish_reason, expected):
    message = {"tool_calls": [call(0, "{}", id="a", name="f")]}

    assert whole(answer_of(message, finish_reason)).stop_reason == expected


def test_a_refusal_is_text():
    found = whole(answer_of({"content": None, "refusal": "I cannot."}))

    assert blocks(found) == [{"type": "text", "text": "I cannot."}]
    assert found.stop_reason == "refusal"


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_answer_may_hold_nothing(empty):
    assert content({"content": empty, "tool_calls": None, "refusal": None}) == []


def test_content_in_parts_is_read_part_by_part():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]},
        {"type": "text", "text": "a"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "b"},
    ]

    assert content({"content": parts}) == [PLAIN_THOUGHT, {"type": "text", "text": "ab"}]


def test_what_was_said_aloud_is_text_and_a_picture_is_named():
    assert content({"content": None, "audio": {"data": "x", "transcript": "hi"}}) == [
        {"type": "text", "text": "hi"}
    ]
    assert content({"content": "", "images": [{"type": "image_url"}]}) == [{"type": "text", "text": LEFT_OUT}]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_comes_first_and_nobody_signed_it(field):
    assert content({"content": "a", field: "hm"}) == [PLAIN_THOUGHT, {"type": "text", "text": "a"}]


def test_reasoning_told_twice_is_told_once():
    details = [{"type": "reasoning.text", "text": "hm"}]

    assert content({"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": details}) == [
        PLAIN_THOUGHT
    ]


@pytest.mark.parametrize("made_by", [{}, {"format": None}, {"format": "anthropic-claude-v1"}])
def test_a_signature_and_hidden_reasoning_of_a_messages_provider_stay_as_they_are(made_by):
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "S", "index": 0, **made_by},
        {"type": "reasoning.text", "text": "ah", "signature": "T", "index": 1, **made_by},
        {"type": "reasoning.encrypted", "data": "D", **made_by},
    ]

    found = content({"content": "a", "reasoning": "hm", "reasoning_details": details})

    assert found == [
        {"type": "thinking", "thinking": "hm", "signature": "S"},
        {"type": "thinking", "thinking": "ah", "signature": "T"},
        {"type": "redacted_thinking", "data": "D"},
        {"type": "text", "text": "a"},
    ]


def test_marks_of_another_maker_are_sealed_and_go_back_as_they_came():
    encrypted = {"type": "reasoning.encrypted", "data": "D", "id": "rs_1", "format": "openai-responses-v1"}
    signed = {"type": "reasoning.text", "text": "hm", "signature": "S", "format": "google-gemini-v1"}
    summary = {"type": "reasoning.summary", "summary": "so", "format": "openai-responses-v1"}

    found = content({"reasoning_details": [signed, summary, {**encrypted, "index": 0}]})

    assert [block["type"] for block in found] == ["thinking", "thinking", "redacted_thinking"]
    assert all(is_foreign(block.get("signature") or block["data"]) for block in found)
    assert unsealed(found[2]["data"]) == encrypted
    assert history(("assistant", found), terms=ROUTER)[0]["reasoning_details"] == [signed, encrypted]


def test_hidden_reasoning_beside_a_text_of_it():
    details = [{"type": "reasoning.encrypted", "data": "D"}]

    assert content({"reasoning": "hm", "reasoning_details": details}) == [
        PLAIN_THOUGHT,
        {"type": "redacted_thinking", "data": "D"},
    ]


def test_calls_are_tool_use_after_what_was_said():
    message = {
        "content": "let me see",
        "tool_calls": [call(0, '{"a": 1}', id="c1", name="f"), call(1, "{}", id="c2", name="g")],
    }

    assert content(message) == [
        {"type": "text", "text": "let me see"},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ({"a": 1}, {"a": 1}),
        (None, {}),
        ('{"a": ', {"_raw_arguments": '{"a": '}),
        ("[1]", {"_raw_arguments": "[1]"}),
        ('{"a": 1}{"a": 1}', {"_raw_arguments": '{"a": 1}{"a": 1}'}),
        ("[" * 100_000, {"_raw_arguments": "[" * 100_000}),
    ],
)
def test_the_arguments_of_a_call(arguments, expected):
    assert calls(call(0, arguments, id="a", name="f"))[0]["input"] == expected


def test_arguments_keep_every_digit():
    body = answer_of({"tool_calls": [call(0, '{"a": 0.10, "b": 12345678901234567890123}', id="a", name="f")]})
    raw = Answer({"choices": json.dumps(body["choices"]).encode()}, None, "m", "stop", "x")

    assert b'"input":{"a": 0.10, "b": 12345678901234567890123}' in answers().whole(raw)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["call_1", "b-2"], ["call_1", "b-2"]),
        (["functions.f:0", "functions.f:1"], ["functions_f_0", "functions_f_1"]),
        (["a.b", "a:b"], ["a_b", "a_b_1"]),
        (["a_1", "a", "a"], ["a_1", "a", "a_2"]),
        (["a", "a_2", "a", "a", "a"], ["a", "a_2", "a_1", "a_3", "a_4"]),
    ],
)
def test_ids_are_made_valid_and_stay_unique(given, expected):
    found = calls(*[call(place, "{}", id=name, name="f") for place, name in enumerate(given)])

    assert [block["id"] for block in found] == expected


def test_calls_without_ids_get_some_that_differ_and_stay_the_same():
    fragments = [call(0, "{}", name="f"), call(1, "{}", name="f")]

    first, second = ([block["id"] for block in calls(*fragments)] for _ in range(2))

    assert first == second
    assert len(set(first)) == 2
    assert all(len(name) <= 40 and name.startswith("toolu_") for name in first)


def test_an_old_function_call_is_a_tool_use():
    found = whole(
        answer_of({"content": None, "function_call": {"name": "f", "arguments": '{"a":1}'}}, "function_call")
    )

    assert [(block.name, block.input) for block in found.content] == [("f", {"a": 1})]
    assert found.stop_reason == "tool_use"


def test_a_shortened_name_is_long_again():
    found = whole(answer_of({"tool_calls": [call(0, "{}", id="a", name="sh")]}), names={"sh": "long name"})

    assert found.content[0].name == "long name"


def test_only_the_first_choice_is_read():
    second, first = ({"index": n, "message": {"content": str(n)}, "finish_reason": "stop"} for n in (1, 0))

    assert blocks(whole(answer_of({}, choices=[second, first]))) == [{"type": "text", "text": "0"}]
    assert blocks(whole(answer_of({}, choices=[{"message": {"content": "x"}}]))) == [
        {"type": "text", "text": "x"}
    ]


def test_an_answer_without_an_id_still_has_one():
    assert whole(answer_of({"content": "a"}, id=None)).id.startswith("msg_")
    assert whole(answer_of({"content": "a"}, id="gen/1")).id == "msg_gen_1"


def test_an_answer_that_cannot_be_read_is_a_bad_reply():
    with pytest.raises(BadReply):
        answers().whole(Answer({"choices": b"[" * 5000}, None, "m", "stop", "x"))


@pytest.mark.parametrize(
    ("prompt", "read", "written", "fresh"),
    [
        (107, 40, 7, 60),
        (2649, 2569, 79, 1),
        (100, 0, 0, 100),
        (100, 100, 0, 0),
        (2168, 2154, 2154, 14),
        (10_000, 2000, 2000, 8000),
        (100, 80, 40, 20),
    ],
)
def test_the_input_is_what_no_cache_holds(prompt, read, written, fresh):
    usage = Usage(input_tokens=prompt, cache_read_tokens=read, cache_write_tokens=written, output_tokens=5)

    assert message_usage(usage) == {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": 5,
    }


def test_thinking_is_told_where_it_is_known_and_nothing_where_nothing_is():
    assert message_usage(Usage(output_tokens=5, reasoning_tokens=3))["output_tokens_details"] == {
        "thinking_tokens": 3
    }
    assert message_usage(None) == {
        "input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "output_tokens": 0,
    }


def test_white_space_before_a_call_is_no_text():
    assert [
        block["type"]
        for block in content({"content": "\n\n", "tool_calls": [call(0, "{}", name="f", id="a")]})
    ] == ["tool_use"]
    assert content({"content": "\nhi"}) == [{"type": "text", "text": "\nhi"}]
