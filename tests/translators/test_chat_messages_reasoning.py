"""What becomes of a chat call's wish that its model reasons."""

from __future__ import annotations

import pytest

from providers.translators import Malformed
from providers.wire import Terms
from tests.translators.chat_messages import (
    ADAPTIVE,
    HI,
    OLD,
    PLAIN,
    WEATHER,
    asks,
    call,
    dropped,
    message,
    refused,
    result,
    sent,
    text,
    translated,
)

SIGNED = [{"type": "reasoning.text", "text": "Hm", "signature": "S", "index": 0}]
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "S"}


def budget(**fields):
    return sent(**{"max_tokens": 40_000, **fields}).get("thinking", {}).get("budget_tokens")


@pytest.mark.parametrize(
    ("effort", "tokens"),
    [
        ("none", None),
        ("minimal", 1024),
        ("low", 1024),
        ("medium", 2048),
        ("high", 4096),
        ("xhigh", 8192),
        ("max", 16384),
        (None, None),
    ],
)
def test_an_effort_is_worth_a_budget(effort, tokens):
    assert budget(reasoning_effort=effort) == tokens
    assert budget(reasoning={"effort": effort}) == tokens
    assert dropped(max_tokens=40_000, reasoning_effort=effort) == []


@pytest.mark.parametrize(
    ("reasoning", "tokens"),
    [
        ({"max_tokens": 3000}, 3000),
        ({"max_tokens": 10}, 1024),
        ({"enabled": True}, 2048),
        ({"enabled": False, "effort": "high"}, None),
        ({"exclude": True}, None),
        ({}, None),
    ],
)
def test_the_reasoning_object_is_worth_a_budget(reasoning, tokens):
    assert budget(reasoning=reasoning) == tokens


@pytest.mark.parametrize(
    ("max_tokens", "fields", "tokens", "named"),
    [
        (1024, {"reasoning_effort": "low"}, None, ["reasoning_effort"]),
        (1025, {"reasoning_effort": "low"}, 1024, []),
        (5000, {"reasoning_effort": "high"}, 2500, []),
        (5000, {"reasoning": {"max_tokens": 4999}}, 4999, []),
        (5000, {"reasoning": {"max_tokens": 5000}}, 2500, ["reasoning.max_tokens>max_tokens"]),
        (500, {"reasoning": {"max_tokens": 5000}}, None, ["reasoning"]),
    ],
)
def test_a_budget_leaves_room_for_the_answer(max_tokens, fields, tokens, named):
    assert budget(max_tokens=max_tokens, **fields) == tokens
    assert dropped(max_tokens=max_tokens, **fields) == named
    assert sent(max_tokens=max_tokens, **fields)["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"reasoning_effort": "minimal"}, "low"),
        ({"reasoning_effort": "max"}, "max"),
        ({"reasoning": {"effort": "xhigh"}}, "xhigh"),
        ({"reasoning": {"enabled": True}}, "medium"),
        ({"reasoning": {"max_tokens": 5000}}, "high"),
        ({"reasoning": {"max_tokens": 500}}, "low"),
    ],
)
def test_adaptive_models_are_told_an_effort(fields, effort):
    found = sent(terms=ADAPTIVE, **fields)

    assert found["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert found["output_config"] == {"effort": effort}


def test_adaptive_models_are_told_when_not_to_think():
    assert sent(terms=ADAPTIVE, reasoning_effort="none")["thinking"] == {"type": "disabled"}
    assert "thinking" not in sent(terms=ADAPTIVE)


def test_an_effort_and_a_format_share_their_field():
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    found = sent(terms=ADAPTIVE, reasoning_effort="low", response_format=wanted)

    assert found["output_config"].keys() == {"effort", "format"}


@pytest.mark.parametrize("way", ["effort", "object"])
def test_models_that_are_told_otherwise_do_not_reason(way):
    terms = Terms(reasoning=way)

    assert "thinking" not in sent(terms=terms, max_tokens=9000, reasoning_effort="high")
    assert dropped(terms=terms, max_tokens=9000, reasoning_effort="high") == ["reasoning_effort"]


@pytest.mark.parametrize("terms", [PLAIN, ADAPTIVE])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_thinking_loses_against_a_forced_tool(terms, choice):
    fields = {"max_tokens": 9000, "reasoning_effort": "high", "tools": [WEATHER], "tool_choice": choice}

    assert not sent(terms=terms, **fields).keys() & {"thinking", "output_config"}
    assert dropped(terms=terms, **fields) == ["reasoning_effort"]


def test_thinking_loses_against_the_tool_that_stands_in_for_a_schema():
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    fields = {"max_tokens": 9000, "reasoning_effort": "high", "response_format": wanted}

    assert dropped(terms=OLD, **fields) == ["reasoning_effort"]


def test_sampling_loses_against_thinking():
    fields = {"max_tokens": 9000, "reasoning_effort": "high", "temperature": 0.5, "top_p": 0.9, "top_k": 5}

    assert not sent(**fields).keys() & {"temperature", "top_p", "top_k"}
    assert dropped(**fields) == ["temperature", "top_k", "top_p"]
    assert dropped(max_tokens=9000, reasoning_effort="high", temperature=1) == []


@pytest.mark.parametrize("field", ["reasoning_effort", "reasoning.effort"])
def test_an_unknown_effort_is_malformed(field):
    fields = {"reasoning_effort": "huge"} if field == "reasoning_effort" else {"reasoning": {"effort": 5}}

    assert refused(Malformed, **fields) == field


def test_what_the_reasoning_object_says_besides_is_named():
    assert dropped(max_tokens=9000, reasoning={"effort": "low", "summary": "auto"}) == ["reasoning.summary"]


@pytest.mark.parametrize("fields", [{"reasoning": {"exclude": True}}, {"include_reasoning": False}])
def test_reasoning_is_left_out_of_the_answer_where_the_caller_wants_none(fields):
    found = message(THOUGHT, text("A"), call=translated(reasoning_effort="low", **fields))

    assert found == {"role": "assistant", "content": "A", "refusal": None}
    found = sent(terms=ADAPTIVE, reasoning_effort="low", **fields)
    assert found["thinking"]["display"] == "omitted"


def test_a_tool_loop_goes_on_thinking_when_its_thoughts_come_back():
    loop = [HI, asks(call("f"), reasoning_details=SIGNED), result("one")]
    fields = {"max_tokens": 9000, "reasoning_effort": "low"}

    assert sent(loop, **fields)["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert sent(loop, **fields)["messages"][1]["content"][0] == THOUGHT


def test_it_goes_on_thinking_after_further_rounds_that_came_without_a_thought():
    loop = [
        HI, asks(call("f"), reasoning_details=SIGNED), result("one"),
        asks(call("f", call_id="c2")), result("two", "c2"),
    ]  # fmt: skip

    assert sent(loop, max_tokens=9000, reasoning_effort="low")["thinking"]["type"] == "enabled"
    assert dropped(loop, max_tokens=9000, reasoning_effort="low") == []


@pytest.mark.parametrize(
    "messages",
    [[HI, asks(call("f")), result("one")], [HI, {"role": "assistant", "content": "The answer is"}]],
)
def test_a_turn_that_began_without_a_thought_goes_on_without(messages):
    fields = {"max_tokens": 9000, "reasoning_effort": "low"}

    assert "thinking" not in sent(messages, **fields)
    assert dropped(messages, **fields) == ["reasoning_effort"]
    assert sent([*messages, {"role": "assistant", "content": "A"}, HI], **fields)["thinking"]
    assert sent(messages, terms=ADAPTIVE, **fields)["thinking"]["type"] == "adaptive"


def test_thoughts_are_taken_out_of_a_turn_that_goes_on_without_thinking():
    loop = [HI, asks(call("f"), reasoning_details=SIGNED), result("one")]

    assert [block["type"] for block in sent(loop)["messages"][1]["content"]] == ["tool_use"]
    assert dropped(loop) == ["messages.reasoning"]
    assert sent(loop, terms=ADAPTIVE)["messages"][1]["content"][0] == THOUGHT
    assert dropped(loop, terms=ADAPTIVE, reasoning_effort="none") == ["messages.reasoning"]
