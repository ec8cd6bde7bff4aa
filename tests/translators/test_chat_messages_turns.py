"""What becomes of the messages of a chat call."""

from __future__ import annotations

import pytest

from providers.translators import Malformed, Unsayable
from tests.translators.chat_messages import (
    HI,
    PIXEL,
    asks,
    call,
    dropped,
    refused,
    result,
    sent,
    text,
    translated,
    turns,
)

BYE = {"role": "user", "content": "bye"}


def test_leading_system_and_developer_messages_become_system_blocks_in_order():
    found = sent([{"role": "system", "content": "A"}, {"role": "developer", "content": [text("B")]}, HI])

    assert found["system"] == [text("A"), text("B")]
    assert found["messages"] == [{"role": "user", "content": [text("hi")]}]


def test_a_later_system_message_is_user_text_that_says_what_it_is():
    [(role, blocks)] = turns(HI, {"role": "system", "content": "Be brief."}, BYE)

    assert role == "user"
    assert [block["text"] for block in blocks] == [
        "hi",
        "System note, not written by the user:\nBe brief.",
        "bye",
    ]


def test_messages_of_one_side_are_merged():
    a, b = {"role": "assistant", "content": "A"}, {"role": "assistant", "content": "B"}

    assert turns(HI, BYE, a, b, HI) == [
        ("user", [text("hi"), text("bye")]),
        ("assistant", [text("A"), text("B")]),
        ("user", [text("hi")]),
    ]


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "system", "content": "A"}], [{"role": "user", "content": " \n"}], [{"role": "user"}]],
)
def test_nothing_but_system_messages_or_silence_is_malformed(messages):
    assert refused(Malformed, messages) == "messages"


@pytest.mark.parametrize("nothing", ["", "  \n", None, [], [text("")], [text(" ")]])
def test_empty_messages_are_not_sent_and_part_no_turns(nothing):
    assert turns(HI, {"role": "assistant", "content": nothing}, BYE) == [("user", [text("hi"), text("bye")])]


def test_parts_become_blocks_in_order():
    parts = [
        text("look"),
        text(""),
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.jpg"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "https://example.com/a.pdf"}},
        {"type": "file", "file": {"file_data": "data:text/plain;charset=utf-8;base64,aGk="}},
    ]

    assert turns({"role": "user", "content": parts}) == [
        (
            "user",
            [
                text("look"),
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                    "title": "a.pdf",
                },
                {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
                },
            ],
        )
    ]


def test_a_common_misspelling_of_jpeg_is_read():
    image = {"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PIXEL}", "detail": "high"}}
    message = {"role": "user", "content": [image]}

    assert turns(message)[0][1][0]["source"]["media_type"] == "image/jpeg"
    assert dropped([message]) == ["messages.content.image_url.detail"]


@pytest.mark.parametrize(
    ("part", "kind", "where"),
    [
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, Unsayable, ""),
        ({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}, Unsayable, ""),
        ({"type": "file", "file": {"file_id": "file-1"}}, Unsayable, ".file.file_id"),
        ({"type": "file", "file": {"file_data": "data:text/csv;base64,AA=="}}, Unsayable, ".file"),
        ({"type": "file", "file": {"file_data": "JVBERi0="}}, Malformed, ".file.file_data"),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}},
            Malformed,
            ".file.file_data",
        ),
        ({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}}, Unsayable, ".image_url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,AA"}}, Malformed, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "ftp://a"}}, Malformed, ".image_url.url"),
        ({"type": "image_url"}, Malformed, ".image_url"),
        ({"type": "text"}, Malformed, ".text"),
        ({}, Malformed, ".type"),
        ("hi", Malformed, ""),
    ],
)
def test_parts_that_cannot_go_over_are_refused_with_their_place(part, kind, where):
    found = refused(kind, [HI, {"role": "user", "content": [text("a"), part]}])

    assert found == f"messages[1].content[1]{where}"


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ({"content": "hi"}, ".role"),
        ({"role": "robot", "content": "hi"}, ".role"),
        ({"role": "user", "content": 5}, ".content"),
        ({"role": "system", "content": [{"type": "image_url", "image_url": "https://a"}]}, ".content"),
        ("hi", ""),
    ],
)
def test_messages_that_are_none_are_malformed_with_their_place(message, where):
    assert refused(Malformed, [HI, message]) == f"messages[1]{where}"


def test_the_calls_of_an_assistant_follow_its_text_and_results_come_first_in_the_next_turn():
    found = turns(
        HI,
        asks(call("f", '{"x": 1.10}', "c1"), call("g", "", "c2"), content="Let me see."),
        result("one", "c1"),
        result(None, "c2"),
        BYE,
        tools=[],
    )

    assert found[1:] == [
        (
            "assistant",
            [
                text("Let me see."),
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1.1}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
            ],
        ),
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "c1", "content": [text("one")]},
                {"type": "tool_result", "tool_use_id": "c2"},
                text("bye"),
            ],
        ),
    ]


def test_arguments_keep_their_bytes():
    body = translated([HI, asks(call("f", '{"x": 1.10, "y": 123456789012345678901}')), result("")]).body

    assert b'{"x": 1.10, "y": 123456789012345678901}' in bytes(body["messages"])


def test_a_result_that_comes_after_user_text_still_goes_first():
    blocks = turns(HI, asks(call("f")), BYE, result("one"))[2][1]

    assert [block["type"] for block in blocks] == ["tool_result", "text"]


def test_a_result_may_hold_images():
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    [block] = turns(HI, asks(call("f")), result([text("see"), image]))[2][1]

    assert [inner["type"] for inner in block["content"]] == ["text", "image"]


@pytest.mark.parametrize("arguments", ["{bad", "[]", "1", "null", None, {"a": 1}, '{"a": [1,}'])
def test_arguments_that_are_no_object_are_malformed(arguments):
    where = refused(Malformed, [HI, asks(call("f"), call("f", arguments, "c2")), result("")])

    assert where == "messages[1].tool_calls[1].function.arguments"


def test_every_call_needs_its_result():
    assert refused(Malformed, [HI, asks(call("f")), BYE]) == "messages[1]"
    assert refused(Malformed, [HI, asks(call("f"))]) == "messages[1]"
    assert refused(Malformed, [HI, asks(call("f")), asks(call("f", call_id="c2")), result("", "c2")])


@pytest.mark.parametrize(
    "messages",
    [
        [HI, result("one")],
        [HI, asks(call("f")), result("one", "other")],
        [HI, asks(call("f")), result("one"), {"role": "assistant", "content": "A"}, result("one")],
    ],
)
def test_a_result_needs_a_call_right_before_it(messages):
    assert refused(Malformed, messages) == f"messages[{len(messages) - 1}].tool_call_id"


def test_ids_are_made_valid_the_same_way_in_call_and_result():
    found = turns(
        HI, asks(call("f", call_id="a.b"), call("f", call_id="a b")), result("2", "a b"), result("1", "a.b")
    )

    assert [block["id"] for block in found[1][1]] == ["a_b", "a_b_2"]
    assert [block["tool_use_id"] for block in found[2][1]] == ["a_b_2", "a_b"]


def test_an_id_that_comes_again_in_a_later_turn_gets_a_new_one():
    found = turns(HI, asks(call("f")), result("1"), asks(call("f")), result("2"))

    assert [blocks[0].get("id") or blocks[0]["tool_use_id"] for _, blocks in found[1:]] == [
        "c1", "c1", "c1_2", "c1_2",
    ]  # fmt: skip


def test_an_earlier_turn_keeps_its_ids_when_the_conversation_goes_on():
    short = [HI, asks(call("f", call_id="a.b")), result("1", "a.b")]
    longer = [*short, asks(call("f", call_id="a_b")), result("2", "a_b")]

    assert turns(*longer)[: len(short)] == turns(*short)


def test_calls_and_results_of_the_deprecated_functions():
    asking = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a":1}'}}
    found = turns(HI, asking, {"role": "function", "name": "f", "content": "one"})

    assert found[1][1] == [{"type": "tool_use", "id": "call", "name": "f", "input": {"a": 1}}]
    assert found[2][1] == [{"type": "tool_result", "tool_use_id": "call", "content": [text("one")]}]


def test_a_call_of_a_custom_tool_cannot_go_over():
    custom = {"id": "c1", "type": "custom", "custom": {"name": "f", "input": "x"}}

    assert refused(Unsayable, [HI, asks(custom), result("")]) == "messages[1].tool_calls[0]"


def test_the_audio_of_an_earlier_answer_cannot_go_over():
    spoken = {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}

    assert refused(Unsayable, [HI, spoken, BYE]) == "messages[1].audio"


def test_refusals_of_earlier_answers_are_text():
    part = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    field = {"role": "assistant", "content": None, "refusal": "No."}

    assert turns(HI, part, BYE)[1] == turns(HI, field, BYE)[1]
    block = turns(HI, field, BYE)[1][1][0]
    assert block == text("No.")


def test_trailing_whitespace_goes_from_the_last_message_only_if_it_is_the_assistants():
    begun = {"role": "assistant", "content": "The answer: \n"}

    assert turns(HI, begun)[1][1] == [text("The answer:")]
    assert turns(HI, begun, BYE)[1][1] == [text("The answer: \n")]
    assert turns({"role": "user", "content": "hi "})[0][1] == [text("hi ")]


def test_cache_control_is_kept_on_parts_and_messages():
    marked = {"cache_control": {"type": "ephemeral"}}
    found = sent(
        [
            {"role": "system", "content": [text("S", **marked)]},
            {"role": "user", "content": [text("a", **marked), text("b")]},
            asks(call("f")),
            result([text("r", **marked)]),
            {"role": "user", "content": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        cache_control={"type": "ephemeral"},
    )

    assert found["system"] == [text("S", **marked)]
    assert found["messages"][0]["content"] == [text("a", **marked), text("b")]
    assert found["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": [text("r")], **marked},
        text("hi", cache_control={"type": "ephemeral", "ttl": "1h"}),
    ]
    assert found["cache_control"] == {"type": "ephemeral"}


def test_reasoning_with_a_signature_goes_back_first():
    details = [
        {"type": "reasoning.text", "text": "Hm", "index": 0},
        {"type": "reasoning.text", "text": "m.", "index": 0},
        {"type": "reasoning.text", "signature": "S", "index": 0},
        {"type": "reasoning.encrypted", "data": "D", "index": 1},
    ]
    said = {"role": "assistant", "content": "A", "reasoning_content": "Hmm.", "reasoning_details": details}

    assert turns(HI, said, BYE)[1][1] == [
        {"type": "thinking", "thinking": "Hmm.", "signature": "S"},
        {"type": "redacted_thinking", "data": "D"},
        text("A"),
    ]
    assert dropped([HI, said, BYE]) == []


@pytest.mark.parametrize(
    "reasoning",
    [
        {"reasoning_content": "Hmm."},
        {"reasoning": "Hmm."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hmm."}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hmm."}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "D", "format": "other-v1"}]},
    ],
)
def test_reasoning_nobody_signed_or_another_provider_signed_is_dropped_and_named(reasoning):
    messages = [HI, {"role": "assistant", "content": "A", **reasoning}, BYE]

    assert turns(*messages)[1][1] == [text("A")]
    assert dropped(messages) == ["messages.reasoning"]


def test_no_turn_ends_with_a_thought():
    details = [{"type": "reasoning.text", "text": "Hm", "signature": "S"}]
    messages = [HI, {"role": "assistant", "content": "", "reasoning_details": details}, BYE]

    assert turns(*messages) == [("user", [text("hi"), text("bye")])]
    assert dropped(messages) == ["messages.reasoning"]


def test_what_a_message_says_besides_is_dropped_and_named():
    message = {
        "role": "user",
        "content": [text("hi", new=1)],
        "name": "Ann",
        "annotations": [],
        "audio": None,
    }

    assert dropped([message]) == ["messages.content.new", "messages.name"]
