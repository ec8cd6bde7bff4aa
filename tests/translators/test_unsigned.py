"""Thinking that no provider signed does not go to one that would refuse it."""

from __future__ import annotations

import json

import msgspec
import pytest

from providers.translators.foreign import FOREIGN_SIGNATURE as UNSIGNED
from providers.translators.foreign import sealed
from providers.translators.unsigned import fitted

FOREIGN = {"type": "thinking", "thinking": "hm", "signature": UNSIGNED}
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
HIDDEN = {"type": "redacted_thinking", "data": sealed({"type": "reasoning.encrypted", "data": "x"})}
TEXT = {"type": "text", "text": "Hi"}
ASKED = {"role": "user", "content": "Hello"}


BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
USE = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}


def body(*messages, **fields):
    return msgspec.json.decode(json.dumps({"messages": messages} | fields), type=dict[str, msgspec.Raw])


def kept(*messages):
    return json.loads(bytes(fitted(body(*messages))[0]["messages"]))


def said(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def test_an_unsigned_block_is_taken_out_and_the_others_stay():
    assert kept(ASKED, said(FOREIGN, HIDDEN, SIGNED, TEXT)) == [ASKED, said(SIGNED, TEXT)]


@pytest.mark.parametrize("number", ["1e309", "9" * 400])
def test_a_number_that_no_reader_holds_stays_for_the_provider_to_refuse(number):
    asked = b'{"messages": [{"content": [%s]}], "thinking": {"budget_tokens": %s}}'.replace(
        b"%s", number.encode()
    )
    came = msgspec.json.decode(asked, type=dict[str, msgspec.Raw])

    assert fitted(came) == (came, ())


def test_a_turn_that_was_nothing_else_goes_too():
    assert kept(ASKED, said(FOREIGN), ASKED) == [ASKED, ASKED]


@pytest.mark.parametrize(
    "message",
    [
        said(TEXT, SIGNED),
        {"role": "user", "content": f"what is {UNSIGNED}?"},
        said({"type": "text", "text": UNSIGNED}),
    ],
)
def test_whatever_else_holds_the_word_stays(message):
    assert kept(ASKED, message) == [ASKED, message]


@pytest.mark.parametrize(
    "messages",
    [
        [ASKED],
        [ASKED, said(SIGNED, USE), RESULT],
        [ASKED, said(SIGNED, TEXT), ASKED],
        [ASKED, said(TEXT), ASKED],
    ],
)
def test_a_call_that_its_provider_takes_keeps_its_bytes(messages):
    given = body(*messages, **BUDGET)

    assert fitted(given) == (given, ())
    assert fitted(given)[0]["messages"] is given["messages"]


def test_a_model_that_thought_before_its_first_tool_goes_on_thinking_after_the_next():
    given = body(ASKED, said(SIGNED, USE), RESULT, said(USE), RESULT, said(TEXT, USE), RESULT, **BUDGET)

    assert fitted(given) == (given, ())


def test_a_thought_of_an_earlier_turn_is_none_of_this_one():
    _, dropped = fitted(body(ASKED, said(SIGNED, TEXT), ASKED, said(USE), RESULT, **BUDGET))

    assert dropped == ("thinking",)


@pytest.mark.parametrize("turn", [said(USE), said(TEXT, USE), said(FOREIGN, USE)])
def test_a_model_does_not_think_on_in_a_turn_that_began_without_a_thought(turn):
    found, dropped = fitted(body(ASKED, turn, RESULT, **BUDGET))

    assert "thinking" not in found
    assert dropped == ("thinking",)


def test_one_that_thinks_without_a_budget_does_not_mind():
    adaptive = body(ASKED, said(USE), RESULT, thinking={"type": "adaptive"})

    assert fitted(adaptive) == (adaptive, ())


@pytest.mark.parametrize("content", [f'"{UNSIGNED}"', f'["{UNSIGNED}", 3]', f'{{"content": "{UNSIGNED}"}}'])
def test_what_is_no_messages_is_left_to_the_provider(content):
    odd = {"messages": msgspec.Raw(content.encode())}

    assert fitted(odd) == (odd, ())
