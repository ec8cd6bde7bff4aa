"""What a call asks for, read from its body and kept as two numbers without a word of it."""

from __future__ import annotations

import json

import pytest

from billing.asked import NEEDS, OTHER, PARAMETERS, needs_in, needs_number, parameters_in, parameters_number
from catalog.words import CAPABILITIES
from providers.adapters.parameters import NAMES
from routing.gateway.asked import asked
from routing.gateway.chat_request import read_chat
from routing.gateway.messages_request import read_messages

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TOOL = {"type": "function", "function": {"name": "look"}}
SCHEMA = {"type": "json_schema", "json_schema": {"schema": {}}}


def chat(*, content="hi", **more):
    body = {"model": "m", "messages": [{"role": "user", "content": content}], **more}
    return words(read_chat(json.dumps(body).encode(), {}, known_providers=()))


def messages(*, content="hi", **more):
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": content}], **more}
    return words(read_messages(json.dumps(body).encode(), {}, known_providers=()))


def words(request):
    found = asked(request)
    return set(needs_in(found["needs"])), set(parameters_in(found["parameters"]))


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ({}, set()),
        ({"stream": True}, {"stream"}),
        ({"tools": [TOOL]}, {"tools"}),
        ({"tools": []}, set()),
        ({"response_format": {"type": "json_object"}}, {"json_mode"}),
        ({"response_format": SCHEMA}, {"json_schema"}),
        ({"response_format": {"type": "text"}}, set()),
        ({"reasoning_effort": "high"}, {"reasoning"}),
        ({"reasoning_effort": "none"}, set()),
        ({"content": [IMAGE]}, {"vision"}),
        ({"content": [{"type": "input_audio", "input_audio": {}}]}, {"audio_in"}),
        ({"content": [{"type": "file", "file": {}}, IMAGE]}, {"documents", "vision"}),
        ({"content": [{"type": "hologram"}]}, set()),
        ({"content": 'of "image_url" and "json_schema"'}, set()),
        ({"content": [{"type": "text", "text": '"input_audio"'}, IMAGE]}, {"vision"}),
    ],
)
def test_what_a_chat_call_needs(body, needs):
    assert chat(**body)[0] == needs


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ({"tools": [{"name": "look", "input_schema": {}}]}, {"tools"}),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, {"json_schema"}),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"reasoning"}),
        ({"thinking": {"type": "disabled"}}, set()),
        ({"content": [{"type": "image", "source": {}}]}, {"vision"}),
        ({"content": [{"type": "document", "source": {}}]}, {"documents"}),
    ],
)
def test_what_a_messages_call_needs(body, needs):
    assert messages(**body)[0] == needs


def test_parameters_are_known_by_their_names_and_a_callers_own_word_is_not_kept():
    assert chat(temperature=1, seed=None, user="mara", secret_plan=2)[1] == {"temperature", OTHER}
    assert messages(stop_sequences=["x"], thinking={"type": "disabled"})[1] == {
        "max_tokens",
        "stop",
        "reasoning",
    }


def test_numbers_give_their_words_back():
    assert needs_in(needs_number(NEEDS)) == set(NEEDS)
    assert parameters_in(parameters_number([*PARAMETERS, "strange"])) == set(PARAMETERS)
    assert needs_number(["tools", "tools", "no need"]) == needs_number(["tools"])


def test_the_columns_hold_every_word_and_the_list_has_every_parameter_of_the_dialect():
    assert needs_number(NEEDS) < 2**15
    assert set(NEEDS) <= CAPABILITIES.keys()
    assert parameters_number(PARAMETERS) < 2**63
    assert set(NAMES) <= set(PARAMETERS)


def test_words_keep_their_places():
    """They are in the database: a word is added at the end, never between."""
    assert NEEDS[:8] == (
        "stream", "tools", "json_mode", "json_schema", "vision", "documents", "audio_in", "reasoning",
    )  # fmt: skip
    assert (PARAMETERS[0], PARAMETERS[4], PARAMETERS[21], PARAMETERS[30]) == (
        OTHER, "temperature", "response_format", "encoding_format",
    )  # fmt: skip
