"""A stream of a chat provider costs work in proportion to its length, and memory for what waits only."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import TooLarge
from providers.translators import messages_chat_draft
from providers.translators.messages_chat_arguments import Arguments
from tests.translators.messages_chat_parts import ADAPTER, answer_of, answers, call, chunk, whole
from tests.translators.work import growth

BEGUN = chunk({"tool_calls": [call(0, "", id="a", name="f")]})


def event(data):
    return ADAPTER.parse_event(json.dumps(data).encode())


def more(arguments, index=0, **names):
    return event(chunk({"tool_calls": [call(index, arguments, **names)]}))


ODD = {
    "blank text": [event(chunk({"content": " "}))],
    "blank arguments": [event(BEGUN), more(" ")],
    "arguments that are no object": [event(BEGUN), more("x")],
    "arguments before a name": [more(" ", id="a"), more('{"x":')],
    "long arguments": [event(BEGUN), more('{"x": "'), more("y" * 200)],
    "a call that waits for another": [event(BEGUN), more("{"), more("y" * 200, 1, id="b", name="g")],
}


@pytest.mark.parametrize("name", ODD)
def test_four_times_as_many_pieces_take_no_more_than_four_times_as_long(name):
    *begun, last = ODD[name]

    def take(events):
        reader = answers().events(wants_usage=False)
        for each in events:
            reader.take(each)
        reader.end(None)

    assert growth(take, lambda count: [*begun, *[last] * count], small=6_000) < 9


def kept(events) -> int:
    """The bytes of memory that a stream takes while it is not over."""
    reader = answers().events(wants_usage=False)
    reader.take(event(BEGUN))
    tracemalloc.start()
    try:
        for each in events:
            reader.take(each)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_what_was_sent_is_forgotten():
    late = (more("z" * 900) for _ in range(1_000))  # the call that it belongs to is closed

    assert kept(more('{"x": "' if not place else "y" * 900) for place in range(1_000)) < 100_000
    assert kept([more("{}"), more("{", 1, id="b", name="g"), *late]) < 200_000


@pytest.mark.parametrize(
    "last",
    [
        more("y" * 900, 1, id="b", name="g"),
        more("null" * 300),
        event(chunk({"content": " " * 900})),
    ],
)
def test_what_waits_is_bounded(monkeypatch, last):
    monkeypatch.setattr(messages_chat_draft, "MAX_WAITING", 100_000)

    with pytest.raises(TooLarge):
        kept([last] * 200)


def test_calls_are_bounded_and_so_are_their_ids(monkeypatch):
    monkeypatch.setattr(messages_chat_draft, "MAX_WAITING", 100_000)
    monkeypatch.setattr(messages_chat_draft, "MAX_CALLS", 1_000)

    with pytest.raises(TooLarge, match="more than 1000 tools"):
        kept(more("{}", place, id=f"{place}", name="f") for place in range(1_100))
    with pytest.raises(TooLarge):
        kept(more("", 0, id=f"{place}" * 100) for place in range(1_100))


VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a"\\{}[] \n'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text('a"\\}', max_size=3), VALUES, max_size=3), st.data())
def test_an_object_is_complete_with_its_last_letter_wherever_it_is_cut(value, data):
    written = data.draw(st.sampled_from(["", " \n"])) + json.dumps(value)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    arguments = Arguments()

    for start, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        arguments.read(written[start:end])
        assert arguments.is_complete == (end == len(written))

    arguments.read(" ")
    assert arguments.is_complete
    arguments.read(data.draw(st.sampled_from(["x", "{}", '"', "]"])))
    assert not arguments.is_complete


@pytest.mark.parametrize("written", ["", " ", "null", "[1]", "[]{}", '"{}"', "1", "{}x", '{}""'])
def test_what_is_no_object_is_not_complete(written):
    arguments = Arguments()
    arguments.read(written)

    assert not arguments.is_complete


def test_an_answer_of_more_calls_than_any_has_is_given_up_before_they_are_read():
    calls = [
        call(number, "{}", id=f"c{number}", name="f") for number in range(messages_chat_draft.MAX_CALLS + 1)
    ]

    with pytest.raises(TooLarge) as caught:
        whole(answer_of({"tool_calls": calls}))

    assert caught.value.seen_bytes > messages_chat_draft.MAX_CALLS
