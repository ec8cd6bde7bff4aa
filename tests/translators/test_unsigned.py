"""Thinking that no provider signed does not go to one that would refuse it."""

from __future__ import annotations

import json

import msgspec
import pytest

from providers.translators.foreign import FOREIGN_SIGNATURE as UNSIGNED
from providers.translators.foreign import sealed
from providers.translators.unsigned import without_unsigned_thinking

FOREIGN = {"type": "thinking", "thinking": "hm", "signature": UNSIGNED}
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
HIDDEN = {"type": "redacted_thinking", "data": sealed({"type": "reasoning.encrypted", "data": "x"})}
TEXT = {"type": "text", "text": "Hi"}
ASKED = {"role": "user", "content": "Hello"}


def body(*messages):
    return msgspec.json.decode(json.dumps({"messages": messages}), type=dict[str, msgspec.Raw])


def kept(*messages):
    return json.loads(bytes(without_unsigned_thinking(body(*messages), "messages")["messages"]))


def said(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def test_an_unsigned_block_is_taken_out_and_the_others_stay():
    assert kept(ASKED, said(FOREIGN, HIDDEN, SIGNED, TEXT)) == [ASKED, said(SIGNED, TEXT)]


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


def test_a_body_without_it_keeps_its_bytes_and_so_does_one_of_another_dialect():
    plain, marked = body(ASKED, said(SIGNED)), body(ASKED, said(FOREIGN))

    assert without_unsigned_thinking(plain, "messages") is plain
    assert without_unsigned_thinking(marked, "chat") is marked


@pytest.mark.parametrize("content", [f'"{UNSIGNED}"', f'["{UNSIGNED}", 3]', f'{{"content": "{UNSIGNED}"}}'])
def test_what_is_no_messages_is_left_to_the_provider(content):
    odd = {"messages": msgspec.Raw(content.encode())}

    assert without_unsigned_thinking(odd, "messages") == odd
