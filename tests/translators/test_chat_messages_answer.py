"""What becomes of a whole answer of the messages dialect."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from openai.types.chat import ChatCompletion

from providers.errors import BadReply, TooLarge
from providers.translators.chat_messages_answer import MAX_BLOCKS
from providers.wire import Answer
from tests.translators.chat_messages import USAGE, answer, message, raw, text, translated, whole
from tests.translators.work import growth

USE = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}


def strictly(completion):
    """The completion as the caller's SDK reads it; a field of a wrong type fails."""
    return ChatCompletion.model_validate(completion, strict=True)


def test_a_text_answer():
    assert whole(text("Hel"), text("lo."), usage=USAGE) == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 0,
        "model": "claude",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello.", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 130,
            "completion_tokens": 50,
            "total_tokens": 180,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
    }


def test_usage_that_is_not_known_is_not_told():
    assert "usage" not in whole(text("A"))


def test_the_time_of_an_answer_is_told_from_outside():
    answers = replace(translated().answers, created=7)

    assert json.loads(answers.whole(answer(text("A"))))["created"] == 7


def test_tool_calls_follow_each_other_and_leave_no_content():
    found = message(USE, {**USE, "id": "t2", "input": {}}, stop_reason="tool_use")

    assert found["content"] is None
    assert found["tool_calls"] == [
        {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
        {"id": "t2", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
    ]


def test_arguments_keep_their_bytes():
    body = raw({"content": []}) | {
        "content": type(raw({"a": 1})["a"])(
            b'[{"type":"tool_use","id":"t","name":"f","input":{"x": 1.10, "y": 12345678901234567890123}}]'
        )
    }
    found = json.loads(translated().answers.whole(Answer(body, None, "m", "tool_use", "i")))
    [called] = found["choices"][0]["message"]["tool_calls"]

    assert called["function"]["arguments"] == '{"x": 1.10, "y": 12345678901234567890123}'


def test_thoughts_can_be_read_and_sent_back():
    found = message(
        {"type": "thinking", "thinking": "Hm", "signature": "S"},
        {"type": "redacted_thinking", "data": "D"},
        {"type": "thinking", "thinking": "m.", "signature": "T"},
        text("A"),
    )

    assert found["reasoning_content"] == "Hmm."
    assert found["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm", "signature": "S", "index": 0},
        {"type": "reasoning.encrypted", "data": "D", "index": 1},
        {"type": "reasoning.text", "text": "m.", "signature": "T", "index": 2},
    ]


def test_an_answer_sent_back_holds_its_thoughts_again():
    blocks = [
        {"type": "thinking", "thinking": "Hm", "signature": "S"},
        {"type": "redacted_thinking", "data": "D"},
        text("A"),
    ]
    again = translated(
        [{"role": "user", "content": "hi"}, message(*blocks), {"role": "user", "content": "bye"}]
    )

    assert json.loads(bytes(again.body["messages"]))[1]["content"] == blocks
    assert again.dropped == ()


def test_tools_that_the_provider_runs_itself_are_none_of_the_callers():
    found = whole(
        text("Let me search. "),
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        {"type": "mcp_tool_use", "id": "s2", "name": "ask", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "s2", "content": [text("no text of ours")]},
        {"type": "brand_new"},
        text("Found."),
        stop_reason="pause_turn",
    )["choices"][0]

    assert found["message"] == {"role": "assistant", "content": "Let me search. Found.", "refusal": None}
    assert found["finish_reason"] == "stop"


def test_citations_of_web_pages_are_annotations():
    cited = {"type": "web_search_result_location", "url": "https://a.test", "title": "A", "cited_text": "x"}
    page = {"type": "page_location", "document_index": 0}
    found = message(text("Well, "), text("it rains.", citations=[cited, page, {**cited, "title": None}]))

    assert found["annotations"] == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://a.test", "title": title, "start_index": 6, "end_index": 15},
        }
        for title in ("A", "")
    ]


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("brand_new", "stop"),
        (None, "stop"),
    ],
)
def test_finish_reasons(stop_reason, expected):
    assert whole(USE, stop_reason=stop_reason)["choices"][0]["finish_reason"] == expected


def test_a_call_of_no_tool_of_the_callers_finishes_with_stop():
    assert whole(text("A"), stop_reason="tool_use")["choices"][0]["finish_reason"] == "stop"


def test_a_refusal_is_told_in_the_providers_words_or_ours():
    details = {"type": "refusal", "explanation": "Not this."}

    assert message(stop_reason="refusal", stop_details=details)["refusal"] == "Not this."
    assert message(stop_reason="refusal")["refusal"] == "The model refused to answer."
    assert message(text("A"), stop_reason="refusal")["content"] == "A"
    assert message(text("A"))["refusal"] is None


def test_an_empty_answer_is_an_empty_text():
    assert message()["content"] == ""


@pytest.mark.parametrize("content", [None, "text", {}, [1], [[]]])
def test_content_that_cannot_be_read_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        translated().answers.whole(Answer(raw({"content": content}), None, "m", "", "i"))


def test_an_answer_without_content_is_a_bad_reply():
    with pytest.raises(BadReply):
        translated().answers.whole(Answer({}, None, "m", "", "i"))


@pytest.mark.parametrize("odd", [{"input": None}, {}, {"input": [1]}])
def test_a_call_without_input_is_a_call_without_arguments(odd):
    [called] = message({"type": "tool_use", "id": "t", "name": "f", **odd})["tool_calls"]

    assert called["function"]["arguments"] == "{}"


def test_the_callers_sdk_reads_every_kind_of_answer():
    completion = whole(
        {"type": "thinking", "thinking": "Hm", "signature": "S"},
        text("A", citations=[{"url": "https://a.test", "title": "A"}]),
        USE,
        stop_reason="refusal",
        usage=USAGE,
    )
    read = strictly(completion)

    assert read.choices[0].message.tool_calls[0].function.name == "weather"
    assert read.choices[0].message.annotations[0].url_citation.url == "https://a.test"
    assert read.usage.prompt_tokens_details.cached_tokens == 100
    with pytest.raises(ValueError):
        strictly({**completion, "created": None})


@pytest.mark.parametrize(
    "block", [{"type": "text", "text": "x" * 40}, {"type": "thinking", "thinking": "x" * 40}, USE]
)
def test_four_times_as_many_blocks_take_no_more_than_four_times_as_long(block):
    reader = translated().answers

    assert growth(reader.whole, lambda count: answer(*[block] * count), small=MAX_BLOCKS // 4) < 9


def test_an_answer_of_more_blocks_than_any_has_is_given_up_before_they_are_read():
    with pytest.raises(TooLarge) as caught:
        translated().answers.whole(answer(*[USE] * (MAX_BLOCKS + 1)))

    assert caught.value.seen_bytes > MAX_BLOCKS
