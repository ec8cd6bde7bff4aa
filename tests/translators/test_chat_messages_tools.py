"""What becomes of the tools of a chat call, and of the form its answer must have."""

from __future__ import annotations

import pytest

from providers.translators import Malformed, Unsayable
from providers.translators.chat_messages_form import JSON_INSTRUCTION
from tests.translators.chat_messages import (
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
    whole,
)

EPHEMERAL = {"cache_control": {"type": "ephemeral"}}
JOKE = {
    "type": "object",
    "properties": {"joke": {"type": "string", "minLength": 2}},
    "required": ["joke"],
    "additionalProperties": False,
}


def tool(name, **function):
    return {"type": "function", "function": {"name": name, **function}}


def schema(schema, **more):
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, **more}}


def test_a_function_becomes_a_tool():
    assert sent(tools=[WEATHER])["tools"] == [
        {
            "name": "weather",
            "description": "Tell the weather.",
            "input_schema": WEATHER["function"]["parameters"],
        }
    ]


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}])
def test_a_function_without_parameters_takes_an_empty_object(parameters):
    [found] = sent(tools=[tool("f", **parameters)])["tools"]

    assert found == {"name": "f", "input_schema": {"type": "object", "properties": {}}}


def test_parameters_without_a_type_are_an_object():
    [found] = sent(tools=[tool("f", parameters={"properties": {}})])["tools"]

    assert found["input_schema"] == {"type": "object", "properties": {}}


def test_cache_control_of_a_tool_is_kept_on_either_level():
    inside = tool("f", **EPHEMERAL)
    found = sent(tools=[{**tool("f"), **EPHEMERAL}, inside])["tools"]

    assert [one["cache_control"] for one in found] == [{"type": "ephemeral"}] * 2


def test_a_strict_function_is_closed_and_stays_strict():
    [found] = sent(tools=[tool("f", parameters=JOKE, strict=True)])["tools"]

    assert found["strict"] is True
    assert found["input_schema"]["properties"] == {
        "joke": {"type": "string", "description": "(minLength: 2)"}
    }


@pytest.mark.parametrize(
    ("parameters", "terms"),
    [(JOKE, OLD), ({"type": "object", "additionalProperties": {"type": "string"}}, PLAIN)],
)
def test_where_strict_cannot_be_it_is_dropped_and_named(parameters, terms):
    functions = [tool("f", parameters=parameters, strict=True)]

    assert sent(terms=terms, tools=functions)["tools"] == [{"name": "f", "input_schema": parameters}]
    assert dropped(terms=terms, tools=functions) == ["tools.function.strict"]
    assert dropped(tools=[tool("f", strict=False)]) == []


def test_names_are_made_valid_and_restored_in_answers():
    names = ["a.b", "a_b", "a b", "ü" * 200, "f"]
    made = translated([HI], tools=[tool(name) for name in names])
    given = [one["name"] for one in sent(tools=[tool(name) for name in names])["tools"]]

    assert given == ["a_b_2", "a_b", "a_b_3", "_" * 128, "f"]
    uses = [{"type": "tool_use", "id": f"t{i}", "name": name, "input": {}} for i, name in enumerate(given)]
    assert [one["function"]["name"] for one in message(*uses, call=made)["tool_calls"]] == names


def test_earlier_calls_and_choices_use_the_same_names():
    found = sent(
        [HI, asks(call("a.b")), result("")],
        tools=[tool("a.b"), tool("a_b")],
        tool_choice=tool("a.b"),
    )

    assert found["messages"][1]["content"][0]["name"] == "a_b_2"
    assert found["tool_choice"] == {"type": "tool", "name": "a_b_2"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        (tool("weather"), {"type": "tool", "name": "weather"}),
    ],
)
def test_tool_choices(choice, expected):
    assert sent(tools=[WEATHER], tool_choice=choice).get("tool_choice") == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        ("none", {"type": "none"}),
    ],
)
def test_calls_one_at_a_time(choice, expected):
    assert sent(tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)["tool_choice"] == expected


@pytest.mark.parametrize(("mode", "expected"), [("auto", "auto"), ("required", "any")])
def test_only_allowed_tools_are_sent(mode, expected):
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [tool("b")]}}
    found = sent(tools=[tool("a"), tool("b")], tool_choice=allowed)

    assert [one["name"] for one in found["tools"]] == ["b"]
    assert found["tool_choice"] == {"type": expected}


@pytest.mark.parametrize(
    "choice",
    ["maybe", 5, {"type": "x"}, tool("other"), {"type": "allowed_tools", "allowed_tools": {"tools": []}}],
)
def test_a_choice_that_is_none_is_malformed(choice):
    assert refused(Malformed, tools=[WEATHER], tool_choice=choice) == "tool_choice"


def test_a_choice_without_tools():
    assert "tool_choice" not in sent(tool_choice="auto", parallel_tool_calls=False)
    assert refused(Malformed, tool_choice="required") == "tool_choice"


@pytest.mark.parametrize("kind", ["custom", "hub:web_search"])
def test_tools_other_than_functions_cannot_go_over(kind):
    assert refused(Unsayable, tools=[WEATHER, {"type": kind, "custom": {"name": "f"}}]) == "tools[1].type"
    assert refused(Unsayable, tools=[WEATHER], tool_choice={"type": "custom"}) == "tool_choice"


@pytest.mark.parametrize(
    ("one", "where"),
    [
        ("f", "tools[0]"),
        ({"type": "function"}, "tools[0].function"),
        (tool(""), "tools[0].function.name"),
        (tool("f", parameters=[]), "tools[0].function.parameters"),
    ],
)
def test_tools_that_are_none_are_malformed(one, where):
    assert refused(Malformed, tools=[one]) == where


def test_tools_of_earlier_calls_are_defined_but_may_not_be_called():
    found = sent([HI, asks(call("f")), result("")])

    assert found["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    assert found["tool_choice"] == {"type": "none"}


def test_deprecated_functions_are_answered_in_their_own_words():
    made = translated(functions=[{"name": "a.b"}], function_call={"name": "a.b"})
    found = sent(functions=[{"name": "a.b"}], function_call={"name": "a.b"})
    use = {"type": "tool_use", "id": "t", "name": "a_b", "input": {"x": 1}}

    assert found["tool_choice"] == {"type": "tool", "name": "a_b", "disable_parallel_tool_use": True}
    choice = whole(use, call=made, stop_reason="tool_use")["choices"][0]
    assert choice["message"]["function_call"] == {"name": "a.b", "arguments": '{"x": 1}'}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"


def test_a_schema_becomes_the_output_format_and_refused_keywords_become_words():
    wanted = {
        "type": "object",
        "description": "A person.",
        "properties": {
            "name": {"type": "string", "description": "First.", "minLength": 1, "pattern": "^a"},
            "mail": {"type": "string", "format": "email"},
            "code": {"type": "string", "format": "zip"},
            "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            "kind": {"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "minItems": 2},
            "minimum": {"type": "number"},
        },
        "required": ["name"],
        "$defs": {"Tag": {"type": "string", "maxLength": 5}},
    }

    assert sent(response_format=schema(wanted, strict=True))["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "description": "A person.",
                "properties": {
                    "name": {"type": "string", "description": 'First. (minLength: 1; pattern: "^a")'},
                    "mail": {"type": "string", "format": "email"},
                    "code": {"type": "string", "description": '(format: "zip")'},
                    "age": {"anyOf": [{"type": "integer", "description": "(minimum: 0)"}, {"type": "null"}]},
                    "kind": {"anyOf": [{"const": "a"}, {"enum": ["b", "c"]}]},
                    "tags": {
                        "type": "array",
                        "items": {"$ref": "#/$defs/Tag"},
                        "description": "(minItems: 2)",
                    },
                    "minimum": {"type": "number"},
                },
                "required": ["name"],
                "additionalProperties": False,
                "$defs": {"Tag": {"type": "string", "description": "(maxLength: 5)"}},
            },
        }
    }
    assert dropped(response_format=schema(wanted)) == []


def test_odd_keywords_are_words_too():
    wanted = {"type": ["object", "null"], "format": [], "minItems": True, "enum": 5}
    found = sent(response_format=schema(wanted))["output_config"]["format"]["schema"]

    assert found["description"] == "(format: [])"
    assert found["additionalProperties"] is False


def test_the_description_of_a_format_goes_into_its_schema():
    found = sent(response_format=schema(JOKE, description="A joke."))

    assert found["output_config"]["format"]["schema"]["description"] == "A joke."


def test_json_without_a_schema_is_asked_for_in_words():
    found = sent([{"role": "system", "content": "S"}, HI], response_format={"type": "json_object"})

    assert found["system"] == [text("S"), text(JSON_INSTRUCTION)]
    assert sent(response_format=schema(None))["system"] == [text(JSON_INSTRUCTION)]


def test_where_a_model_takes_no_schema_a_forced_tool_gives_the_answer():
    found = sent(terms=OLD, response_format=schema(JOKE))
    made = translated(terms=OLD, response_format=schema(JOKE))
    use = {"type": "tool_use", "id": "t", "name": "json_answer", "input": {"joke": "ha"}}

    assert found["tools"][0]["input_schema"] == JOKE
    assert found["tool_choice"] == {"type": "tool", "name": "json_answer"}
    choice = whole(use, call=made, stop_reason="tool_use")["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": '{"joke": "ha"}', "refusal": None}
    assert choice["finish_reason"] == "stop"


def test_a_schema_that_allows_any_field_is_followed_by_a_forced_tool():
    wanted = {"type": "object", "additionalProperties": {"type": "string"}}
    found = sent(response_format=schema(wanted))

    assert "output_config" not in found
    assert found["tools"][0]["input_schema"] == wanted


@pytest.mark.parametrize(
    ("choice", "expected", "names"),
    [
        (None, {"type": "any"}, ["json_answer", "json_answer_2"]),
        ("auto", {"type": "any"}, ["json_answer", "json_answer_2"]),
        ("none", {"type": "tool", "name": "json_answer_2"}, ["json_answer", "json_answer_2"]),
        ("required", {"type": "any"}, ["json_answer"]),
        (tool("json_answer"), {"type": "tool", "name": "json_answer"}, ["json_answer"]),
    ],
)
def test_the_answer_tool_beside_tools_of_the_caller(choice, expected, names):
    fields = {"tools": [tool("json_answer")], "tool_choice": choice, "response_format": schema(JOKE)}
    found = sent(terms=OLD, **fields)
    mine = {"type": "tool_use", "id": "t", "name": "json_answer", "input": {}}
    choice = whole(mine, call=translated(terms=OLD, **fields), stop_reason="tool_use")["choices"][0]

    assert found["tool_choice"] == expected
    assert [one["name"] for one in found["tools"]] == names
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "json_answer"
    assert choice["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("wanted", [{"type": "array"}, {"anyOf": [JOKE]}, {"$ref": "#/$defs/A"}])
def test_a_schema_that_describes_no_single_object_needs_a_model_that_takes_schemas(wanted):
    assert refused(Unsayable, terms=OLD, response_format=schema(wanted)) == "response_format"


def test_other_formats():
    assert refused(Unsayable, response_format={"type": "grammar"}) == "response_format"
    assert refused(Malformed, response_format={}) == "response_format.type"
    assert refused(Malformed, response_format={"type": "json_schema"}) == "response_format.json_schema"
