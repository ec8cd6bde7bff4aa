"""A caller's body on its way to a candidate."""

from __future__ import annotations

import json

import pytest

from billing.rules import DEFAULT_OUTPUT_TOKENS
from providers.adapters import adapter_for
from providers.translators import Malformed, Unsayable
from routing.gateway.carriage import carry, size_before
from routing.gateway.chat_request import read_chat
from routing.gateway.messages_request import read_messages
from routing.plan import Candidate
from tests.gateway.values import NOW, entry, offer

CHAT = Candidate(entry(), offer(), adapter_for("custom", "chat"))
MESSAGES = Candidate(entry(), offer(dialect="messages"), adapter_for("custom", "messages"))
HELLO = [{"role": "user", "content": "Hello"}]


def chat(headers=None, **fields):
    body = {"model": "acme/small", "messages": HELLO} | fields
    return read_chat(json.dumps(body).encode(), headers or {}, known_providers=[])


def messages(**fields):
    body = {"model": "acme/small", "max_tokens": 30, "messages": HELLO} | fields
    return read_messages(json.dumps(body).encode(), {}, known_providers=[])


def carried(request, to, *, output_limit=None, default=None):
    return carry(request, to, output_limit=output_limit, default=default, at=NOW)


def sent(found, name):
    return json.loads(bytes(found.body[name]))


@pytest.mark.parametrize(("request_", "to"), [(chat(x=1.50), CHAT), (messages(x=1.50), MESSAGES)])
def test_in_its_own_dialect_a_body_goes_as_it_is(request_, to):
    found = carried(request_, to, output_limit=99)

    assert found.body == request_.body
    assert (found.answers, found.dropped, found.defaulted) == (None, (), None)


@pytest.mark.parametrize(("request_", "to"), [(chat(), MESSAGES), (messages(), CHAT)])
def test_in_the_other_dialect_it_is_translated_and_its_answer_read_back(request_, to):
    found = carried(request_, to)

    assert found.answers is not None
    assert sent(found, "messages")


def test_a_default_limit_is_said_in_the_field_of_the_provider():
    there = carried(chat(), CHAT, default=50)

    assert sent(there, "max_tokens") == 50
    assert there.defaulted == 50
    assert sent(carried(chat(), MESSAGES, default=50), "max_tokens") == 50


@pytest.mark.parametrize(("output_limit", "limit"), [(700, 700), (None, DEFAULT_OUTPUT_TOKENS)])
def test_a_provider_that_demands_a_limit_gets_the_models_own(output_limit, limit):
    found = carried(chat(), MESSAGES, output_limit=output_limit)

    assert sent(found, "max_tokens") == limit
    assert found.defaulted == limit


def test_the_callers_own_limit_is_no_default():
    found = carried(chat(max_tokens=20), MESSAGES, output_limit=700)

    assert (sent(found, "max_tokens"), found.defaulted) == (20, None)


def test_what_cannot_be_told_is_named_or_refused_as_the_caller_wants():
    dropped = carried(chat(seed=7), MESSAGES).dropped

    with pytest.raises(Unsayable) as caught:
        carried(chat({"x-llmhub-unsupported": "reject"}, seed=7), MESSAGES)

    assert dropped == ("seed",)
    assert caught.value.param == "seed"
    assert "lab" in str(caught.value)


STATED = entry(
    parameters={
        "temperature": {"type": "number", "min": 0, "max": 1, "excludes": ["top_p"]},
        "top_p": {"type": "number"},
        "tools": {"type": "list"},
        "max_tokens": {"type": "integer"},
        "stop": {"type": "texts"},
    },
    output_limit_tokens=100,
)
REJECT = {"x-llmhub-unsupported": "reject"}


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"temperature": 1.5}, "temperature", "acme/small: temperature is 1.5: it must be from 0 to 1"),
        ({"temperature": 1, "top_p": 0.5}, "top_p", "not taken together with temperature"),
        ({"seed": 7}, "seed", "The model is not said to take seed"),
        ({"max_tokens": 101}, "max_tokens", "the model writes at most 100 tokens"),
        ({"temperature": "1" * 30_000}, "temperature", "it must be a number"),
    ],
)
def test_who_wants_it_is_told_what_the_model_is_not_said_to_take_and_nobody_else(fields, param, said):
    there = Candidate(STATED, offer(), adapter_for("custom", "chat"))

    with pytest.raises(Unsayable) as caught:
        carried(chat(REJECT, **fields), there)

    assert (caught.value.param, said in str(caught.value)) == (param, True)
    assert carried(chat(**fields), there).body == chat(**fields).body
    assert carried(chat(REJECT, **fields), CHAT).body == chat(**fields).body  # of which nothing is stated


def test_what_a_model_takes_goes_on_as_it_came():
    there = Candidate(STATED, offer(), adapter_for("custom", "chat"))
    fields = {
        "temperature": 0.5,
        "tools": [{"type": "x" * 30_000}],
        "user": "me",
        "stream": True,
        "seed": None,
    }

    request = chat(REJECT, **fields)

    assert carried(request, there).body == request.body
    assert carried(messages(stop_sequences=["x"]), there)


def test_a_body_that_is_wrong_in_its_own_dialect_is_the_callers_fault():
    with pytest.raises(Malformed) as caught:
        carried(chat(messages=[{"role": "nobody", "content": "x"}]), MESSAGES)

    assert caught.value.param == "messages[0].role"


@pytest.mark.parametrize(
    ("fields", "instructed"),
    [
        ({"response_format": None}, False),
        ({"tools": [{"type": "function"}]}, True),
        ({"functions": [{"name": "f"}]}, True),
        ({"response_format": {"type": "json_object"}}, True),
    ],
)
def test_a_provider_adds_instructions_for_tools_and_for_a_form(fields, instructed):
    assert chat(**fields).size.tools is instructed


@pytest.mark.parametrize(
    ("headers", "dropped"),
    [
        ({}, ()),
        ({"anthropic-beta": "a-2025-01-01, b", "anthropic-version": "2023-06-01"}, ()),
        ({"anthropic-beta": "a,,b"}, ("anthropic-beta",)),
        ({"anthropic-beta": ",".join("a" * 21)}, ("anthropic-beta",)),
        ({"anthropic-beta": "ä", "anthropic-version": "2099-01-01"}, ("anthropic-beta", "anthropic-version")),
        ({"anthropic-beta": ""}, ()),
    ],
)
def test_a_header_that_does_not_go_on_is_named(headers, dropped):
    body = json.dumps({"model": "m", "max_tokens": 30, "messages": HELLO}).encode()
    request = read_messages(body, headers, known_providers=[])

    assert carried(request, MESSAGES).dropped == dropped
    assert carried(request, CHAT).dropped == ()  # what it asks for is named by itself


def test_a_limit_above_what_the_model_can_is_named():
    assert carried(messages(max_tokens=30), CHAT, output_limit=20).dropped == ("max_tokens>20",)
    assert carried(messages(max_tokens=30), CHAT, output_limit=30).dropped == ()


PDF = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}


@pytest.mark.parametrize(
    ("kind", "says", "parts", "unbounded"),
    [
        ("openrouter", {}, [PDF], "a parser of documents"),
        ("openrouter", {"capabilities": ("documents",)}, [PDF], ""),
        ("openrouter", {"input_modalities": ("document",)}, [PDF], ""),
        ("openrouter", {}, [{"type": "text", "text": "x"}], ""),
        ("custom", {}, [PDF], ""),
    ],
)
def test_a_document_that_a_hub_has_to_parse_is_billed_by_the_page(kind, says, parts, unbounded):
    to = Candidate(entry(**says), offer(), adapter_for(kind, "chat"))

    assert size_before(chat(messages=[{"role": "user", "content": parts}]), to).unbounded == unbounded
