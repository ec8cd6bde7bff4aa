"""What the simulator says: repeatable, as long as asked, and fitting tools and schemas."""

from __future__ import annotations

import json

import pytest

from llmhub.simulator import paths, replies, schemas
from llmhub.simulator.dice import Dice

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def ask(prompt="hello", **fields):
    return replies.read(
        json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], **fields}).encode()
    )


def reply(prompt="hello", *, path="", **fields):
    return replies.compose(ask(prompt, **fields), paths.parse(f"{path}/v1/x"))[0]


def text(said):
    return "".join(said.pieces)


def test_the_same_question_gets_the_same_reply():
    assert reply("a question") == reply("a question")


def test_another_question_and_another_seed_get_another_reply():
    assert len({reply("one"), reply("two"), reply("one", seed=1), reply("one", seed=2)}) == 4


def test_the_reply_fits_the_theme_of_the_prompt():
    assert "order" in text(reply("Where is my order?", path="/tokens/120"))


def test_it_has_as_many_tokens_as_the_path_says():
    said = reply(path="/tokens/40/reasoning/7")

    assert (len(said.pieces), len(said.thoughts), said.tokens) == (40, 7, 47)
    assert len(text(said).split()) == 40


@pytest.mark.parametrize(
    ("limit", "thoughts", "pieces"), [(50, 7, 40), (47, 7, 40), (20, 7, 13), (7, 7, 0), (3, 3, 0)]
)
def test_max_tokens_cuts_the_reply_reasoning_first(limit, thoughts, pieces):
    said = reply(path="/tokens/40/reasoning/7", max_tokens=limit)

    assert (len(said.thoughts), len(said.pieces)) == (thoughts, pieces)
    assert said.finish == ("length" if limit < 47 else "stop")


def test_the_newer_name_of_the_limit_wins():
    assert reply(max_tokens=50, max_completion_tokens=5).tokens == 5


def test_each_choice_is_its_own():
    several = replies.compose(ask(n=3), paths.parse("/v1/x"))

    assert len(set(several)) == 3


def test_a_tool_is_called_with_arguments_that_its_schema_allows():
    said = reply(tools=[WEATHER])

    arguments = json.loads("".join(said.calls[0].pieces))
    assert said.finish == "tool_calls"
    assert said.calls[0].name == "weather"
    assert isinstance(arguments["city"], str)
    assert 1 <= arguments["days"] <= 9


def test_parallel_calls_go_through_the_tools_in_turn():
    said = reply(path="/calls/3", tools=[WEATHER, CLOCK])

    assert [call.name for call in said.calls] == ["weather", "clock", "weather"]
    assert len({call.id for call in said.calls}) == 3


def test_parallel_calls_are_not_made_when_forbidden():
    assert len(reply(path="/calls/3", tools=[WEATHER, CLOCK], parallel_tool_calls=False).calls) == 1


def test_the_tool_that_is_asked_for_is_called():
    choice = {"type": "function", "function": {"name": "clock"}}

    assert reply(tools=[WEATHER, CLOCK], tool_choice=choice).calls[0].name == "clock"


def test_no_tool_is_called_when_none_may_be():
    assert reply(tools=[WEATHER], tool_choice="none").calls == ()


def test_it_answers_in_words_once_the_tool_has_answered():
    messages = [{"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "call_1", "content": "4"}]

    assert reply(tools=[WEATHER], messages=messages).finish == "stop"


def test_it_thinks_when_asked_to():
    assert reply(reasoning_effort="low").thoughts
    assert not reply(reasoning_effort="none").thoughts


def test_longer_prompts_have_more_input_tokens():
    assert ask("a" * 400).prompt_tokens - ask("").prompt_tokens == 100


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"messages": []}', b'{"messages": "hi"}', b"\xff"])
def test_a_request_without_messages_is_refused(content):
    with pytest.raises(replies.BadRequest):
        replies.read(content)


def test_a_schema_is_followed():
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "version": {"const": 3},
            "price": {"type": "number", "minimum": 2, "maximum": 4},
            "note": {"type": ["null", "string"], "maxLength": 3},
            "when": {"type": "string", "format": "date"},
            "code": {"type": "string", "minLength": 12},
            "done": {"type": "boolean"},
            "nothing": {"type": "null"},
            "parts": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/part"}},
            "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "$defs": {
            "part": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        },
    }

    found = schemas.value(schema, Dice(b"seed"))

    assert list(found) == list(schema["properties"])
    assert found["kind"] in {"a", "b"}
    assert found["version"] == 3
    assert 2 <= found["price"] <= 4
    assert len(found["note"]) <= 3
    assert found["when"] == "2026-03-14"
    assert len(found["code"]) == 12
    assert isinstance(found["done"], bool)
    assert found["nothing"] is None
    assert [set(part) for part in found["parts"]] == [{"name"}, {"name"}]
    assert isinstance(found["either"], int)


def test_a_schema_that_holds_itself_ends():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "name": {"type": "string"}},
        "required": ["name"],
    }

    assert json.dumps(schemas.value(node, Dice(b"seed"))).count("name") < 40


def test_a_json_reply_is_json():
    said = reply(response_format={"type": "json_object"})

    assert isinstance(json.loads(text(said)), dict)
