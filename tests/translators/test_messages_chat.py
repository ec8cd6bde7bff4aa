"""A messages call at a chat provider: what it asks for. History and content have files of their own."""

from __future__ import annotations

import json

import msgspec
import pytest

from providers.translators import Malformed, Unsayable
from providers.translators.messages_chat import messages_to_chat
from providers.wire import Terms
from tests.translators.messages_chat_parts import PLAIN, ROUTER, dropped, sent, translated

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOL = {"name": "f", "description": "d", "input_schema": SCHEMA}
FORMAT = {"type": "json_schema", "schema": SCHEMA}


def test_the_least_call():
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}

    found = translated(body)

    assert {name: json.loads(bytes(value)) for name, value in found.body.items()} == {
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert found.dropped == ()


def test_what_the_adapter_and_llmhub_set_is_neither_sent_nor_reported():
    own = {"model": "m", "stream": True, "stream_options": {}, "llmhub": {"tags": {}}}

    assert sent(**own).keys() == {"max_tokens", "messages"}
    assert dropped(**own) == []


def test_the_limit_has_the_name_that_the_provider_gives_it():
    assert sent(Terms(limit_field="max_completion_tokens"), max_tokens=50)["max_completion_tokens"] == 50


@pytest.mark.parametrize(("known", "expected"), [(16, 16), (64, 50), (None, 50)])
def test_a_limit_beyond_the_models_own_is_lowered_to_it(known, expected):
    assert sent(Terms(output_limit_tokens=known), max_tokens=50)["max_tokens"] == expected


@pytest.mark.parametrize("most", [None, -1, "9", True, 1.5])
def test_a_call_without_a_limit_is_malformed(most):
    with pytest.raises(Malformed) as caught:
        sent(max_tokens=most)

    assert caught.value.param == "max_tokens"


def test_a_call_that_only_fills_a_cache_cannot_be_said():
    with pytest.raises(Unsayable) as caught:
        sent(max_tokens=0)

    assert caught.value.param == "max_tokens"


@pytest.mark.parametrize(
    "messages",
    [None, [], "hi", [{"content": "hi"}], [{"role": "user"}], [{"role": "judge", "content": "hi"}]],
)
def test_a_call_without_readable_messages_is_malformed(messages):
    with pytest.raises(Malformed) as caught:
        sent(messages=messages)

    assert caught.value.param == "messages"


def test_a_message_that_is_malformed_says_where():
    with pytest.raises(Malformed, match=r"\$\[0\]\.content\[0\]\.text"):
        sent(messages=[{"role": "user", "content": [{"type": "text", "text": 1}]}])


def said(field, value):
    """The bytes that a field becomes, of a body that holds them as they are."""
    body = {"max_tokens": b"9", "messages": b'[{"role": "user", "content": "hi"}]', field: value}
    found = messages_to_chat({name: msgspec.Raw(content) for name, content in body.items()}, ROUTER)
    return bytes(found.body[field])


@pytest.mark.parametrize(("field", "value"), [("temperature", b"0.10"), ("top_p", b"1e-1"), ("top_k", b"5")])
def test_sampling_is_passed_to_the_digit(field, value):
    assert said(field, value) == value


def test_sampling_that_a_provider_does_not_take_is_reported():
    asked = {"temperature": 0.5, "top_p": 0.9, "top_k": 5}

    assert dropped(Terms(sampling=False), **asked) == ["temperature", "top_k", "top_p"]
    assert sent(Terms(sampling=False), **asked).keys() == {"max_tokens", "messages"}
    assert dropped(PLAIN, **asked) == ["top_k"]
    assert dropped(ROUTER, **asked) == []


def test_sampling_at_its_default_asks_for_nothing_where_it_is_not_taken():
    asked = {"temperature": 1, "top_p": 1.0}

    assert dropped(Terms(sampling=False), **asked) == []
    assert sent(Terms(sampling=False), **asked).keys() == {"max_tokens", "messages"}


def test_a_field_that_is_null_says_nothing():
    assert sent(temperature=None, tools=None, thinking=None, container=None, top_k=None).keys() == {
        "max_tokens",
        "messages",
    }
    assert dropped(temperature=None, top_k=None, service_tier=None) == []


def test_sequences_that_a_model_does_not_take_are_reported():
    assert dropped(Terms(stop=False), stop_sequences=["a"]) == ["stop_sequences"]
    assert "stop" not in sent(Terms(stop=False), stop_sequences=["a"])
    assert dropped(Terms(stop=False), stop_sequences=[]) == []


def test_four_sequences_end_the_answer_and_a_fifth_is_reported():
    assert sent(stop_sequences=["a", "b"])["stop"] == ["a", "b"]
    assert dropped(stop_sequences=["a", "b", "c", "d"]) == []
    assert sent(stop_sequences=["a", "b", "c", "d", "e"])["stop"] == ["a", "b", "c", "d"]
    assert dropped(stop_sequences=["a", "b", "c", "d", "e"]) == ["stop_sequences"]
    assert "stop" not in sent(stop_sequences=[])


def test_the_user_goes_along_and_other_metadata_is_reported():
    assert sent(metadata={"user_id": "u-1"})["user"] == "u-1"
    assert dropped(metadata={"user_id": "u-1", "team": "t"}) == ["metadata.team"]
    assert "user" not in sent(metadata={"user_id": None})


def test_a_user_too_long_for_the_chat_dialect_becomes_a_digest_that_stays_the_same():
    first, second, other = (sent(metadata={"user_id": letter * 65})["user"] for letter in ("a", "a", "b"))

    assert first == second != other
    assert len(first) == 64


def test_a_tool_becomes_a_function():
    function = {"name": "f", "description": "d", "parameters": SCHEMA}

    assert sent(tools=[TOOL])["tools"] == [{"type": "function", "function": function}]
    assert sent(tools=[{**TOOL, "type": "custom", "strict": True}])["tools"] == [
        {"type": "function", "function": {**function, "strict": True}}
    ]


def test_a_schema_keeps_its_bytes():
    schema = b'{"maximum": 1e400, "multipleOf": 0.10}'

    assert schema in said("tools", b'[{"name": "f", "input_schema": %b}]' % schema)


@pytest.mark.parametrize("tool", [{"name": "f"}, {"input_schema": SCHEMA}, "f"])
def test_a_tool_without_name_or_schema_is_malformed(tool):
    with pytest.raises(Malformed) as caught:
        sent(tools=[tool])

    assert caught.value.param == "tools"


@pytest.mark.parametrize("kind", ["web_search_20250305", "bash_20250124", "code_execution_20260120"])
def test_a_tool_that_the_other_provider_runs_cannot_be_said(kind):
    with pytest.raises(Unsayable, match=kind) as caught:
        sent(tools=[TOOL, {"type": kind, "name": "s"}])

    assert caught.value.param == "tools"


def test_what_a_function_cannot_carry_of_a_tool_is_reported():
    tool = {**TOOL, "input_examples": [{}], "defer_loading": True, "eager_input_streaming": None}

    assert dropped(tools=[tool]) == ["tools.defer_loading", "tools.input_examples"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_the_choice_of_a_tool(choice, expected):
    found = sent(tools=[TOOL], tool_choice=choice)

    assert found["tool_choice"] == expected
    assert "parallel_tool_calls" not in found


@pytest.mark.parametrize(("disabled", "expected"), [(True, False), (False, None)])
def test_tools_one_at_a_time(disabled, expected):
    choice = {"type": "auto", "disable_parallel_tool_use": disabled}

    assert sent(tools=[TOOL], tool_choice=choice).get("parallel_tool_calls") == expected


@pytest.mark.parametrize(
    ("tools", "choice"), [([], {"type": "any"}), ([TOOL], {"type": "some"}), ([TOOL], {"type": "tool"})]
)
def test_a_choice_that_makes_no_sense_is_malformed(tools, choice):
    with pytest.raises(Malformed) as caught:
        sent(tools=tools, tool_choice=choice)

    assert caught.value.param == "tool_choice"


def test_no_tools_need_no_choice():
    assert sent(tools=[], tool_choice={"type": "auto"}).keys() == {"max_tokens", "messages"}


@pytest.mark.parametrize(
    ("budget", "effort"),
    [(1023, "minimal"), (1024, "low"), (2047, "low"), (2048, "medium"), (4095, "medium"), (4096, "high")],
)
def test_a_budget_for_thinking(budget, effort):
    thinking = {"type": "enabled", "budget_tokens": budget}

    assert sent(thinking=thinking)["reasoning_effort"] == effort
    assert sent(ROUTER, thinking=thinking)["reasoning"] == {"max_tokens": budget}
    assert "reasoning" not in sent(thinking=thinking)
    assert "reasoning_effort" not in sent(ROUTER, thinking=thinking)


@pytest.mark.parametrize("thinking", [{"type": "adaptive"}, None])
@pytest.mark.parametrize("effort", ["low", "max"])
def test_an_effort(effort, thinking):
    asked = {"thinking": thinking, "output_config": {"effort": effort}}

    assert sent(**asked)["reasoning_effort"] == effort
    assert sent(ROUTER, **asked)["reasoning"] == {"effort": effort}
    assert dropped(**asked) == []


def test_thinking_that_the_model_may_bound_itself():
    assert sent(thinking={"type": "adaptive"}).keys() == {"max_tokens", "messages"}
    assert sent(ROUTER, thinking={"type": "adaptive"})["reasoning"] == {"enabled": True}


@pytest.mark.parametrize("terms", [PLAIN, ROUTER])
@pytest.mark.parametrize("kind", ["disabled", "between_tools"])
def test_thinking_that_cannot_be_switched_off_everywhere_is_reported(kind, terms):
    asked = {"thinking": {"type": kind}, "output_config": {"effort": "low"}}

    assert sent(terms, **asked).keys() == {"max_tokens", "messages"}
    assert dropped(terms, **asked) == ["output_config.effort", "thinking"]
    assert dropped(terms, thinking={"type": kind}) == ["thinking"]


def test_a_budget_says_more_than_an_effort():
    asked = {"thinking": {"type": "enabled", "budget_tokens": 9000}, "output_config": {"effort": "low"}}

    assert sent(**asked)["reasoning_effort"] == "high"
    assert dropped(**asked) == ["output_config.effort"]


def test_thinking_that_is_not_to_be_shown_is_shown_and_reported():
    assert dropped(thinking={"type": "adaptive", "display": "omitted"}) == ["thinking.display"]
    assert dropped(thinking={"type": "adaptive", "display": "summarized"}) == []


@pytest.mark.parametrize("asked", [{"output_config": {"format": FORMAT}}, {"output_format": FORMAT}])
def test_a_schema_for_the_answer(asked):
    assert sent(**asked)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": False},
    }


CLOSED = {**SCHEMA, "additionalProperties": False, "required": ["a"]}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": SCHEMA}}}, False),
        ({**CLOSED, "$defs": {"b": {"anyOf": [CLOSED, SCHEMA]}}}, False),
        ({**CLOSED, "required": "a"}, False),
    ],
)
def test_a_schema_is_asked_for_strictly_where_that_is_not_refused(schema, strict):
    asked = sent(output_config={"format": {**FORMAT, "schema": schema}})["response_format"]

    assert asked["json_schema"]["strict"] is strict


def test_a_format_that_cannot_be_asked_for_is_refused():
    for terms, kind in ((PLAIN, "grammar"), (Terms(json_schema=False), "json_schema")):
        with pytest.raises(Unsayable) as caught:
            sent(terms, output_config={"format": {**FORMAT, "type": kind}})
        assert caught.value.param == "output_config"


def test_what_else_an_output_is_to_be_is_reported():
    assert dropped(output_config={"effort": "low", "task_budget": {}, "other": None}) == [
        "output_config.task_budget"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("container", "c-1"), ("mcp_servers", [{"name": "s"}]), ("inference_geo", "us")],
)
def test_what_an_answer_would_be_wrong_without_cannot_be_said(field, value):
    with pytest.raises(Unsayable) as caught:
        sent(**{field: value})

    assert caught.value.param == field


def test_what_asks_for_nothing_is_no_refusal():
    assert dropped(mcp_servers=[], inference_geo="global", container=None) == ["inference_geo", "mcp_servers"]


def test_all_else_is_dropped_and_reported_by_name():
    asked = {"service_tier": "auto", "context_management": {}, "speed": "fast", "new_field": 1}

    assert dropped(**asked) == ["context_management", "new_field", "service_tier", "speed"]
    assert sent(**asked).keys() == {"max_tokens", "messages"}


def test_a_mark_for_the_cache_goes_where_it_is_taken_and_is_no_loss_elsewhere():
    mark = {"type": "ephemeral"}
    asked = {"cache_control": mark, "tools": [{**TOOL, "cache_control": mark}]}

    assert sent(ROUTER, **asked)["cache_control"] == mark
    assert sent(ROUTER, **asked)["tools"][0]["cache_control"] == mark
    assert "cache_control" not in json.dumps(sent(**asked))
    assert dropped(**asked) == []


LONG = "mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_longer"


def test_a_name_too_long_for_the_chat_dialect_is_shortened_everywhere_alike():
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": LONG, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
    ]

    found = sent(messages=turns, tools=[{**TOOL, "name": LONG}], tool_choice={"type": "tool", "name": LONG})

    short = found["tools"][0]["function"]["name"]
    assert len(short) == 64
    assert short.startswith(LONG[:55])
    assert found["tool_choice"]["function"]["name"] == short
    assert found["messages"][1]["tool_calls"][0]["function"]["name"] == short


def test_names_that_begin_alike_stay_apart():
    found = sent(tools=[{**TOOL, "name": LONG + end} for end in "ab"])

    assert len({tool["function"]["name"] for tool in found["tools"]}) == 2


def test_no_name_of_a_field_gets_into_a_header_that_is_no_word():
    odd = {"a\r\nset-cookie: x": 1, "caf\u00e9": 1, "x" * 300: 1, "fine_name": 1}

    assert dropped(**odd) == ["fine_name", "other"]
    assert len(dropped(**{f"field{number}": 1 for number in range(5000)})) == 40
