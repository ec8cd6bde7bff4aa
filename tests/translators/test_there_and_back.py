"""What both dialects can say is the same after it went to the other and came back."""

from __future__ import annotations

import json

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from providers.adapters import adapter_for
from providers.translators import TRANSLATORS
from providers.wire import Terms

ROUTER = Terms(reasoning="object", top_k=True, cache_control=True)  # a chat provider that takes most
MESSAGES = Terms(reasoning="budget", top_k=True, cache_control=True, json_schema=True)
few = settings(max_examples=200, deadline=None)

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(
    str.strip
)
identifiers = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,20}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words, st.lists, max_leaves=4
)
objects = st.dictionaries(identifiers, values, max_size=3)
schemas = st.builds(
    lambda names: {"type": "object", "properties": {name: {"type": "string"} for name in names}},
    st.lists(identifiers, max_size=3, unique=True),
)
texts = st.builds(lambda text: {"type": "text", "text": text}, words)
pictures = st.builds(
    lambda kind, data: {
        "type": "image",
        "source": {"type": "base64", "media_type": f"image/{kind}", "data": data},
    },
    st.sampled_from(["png", "jpeg"]),
    st.sampled_from(["QUJD", "aGk="]),
) | st.just({"type": "image", "source": {"type": "url", "url": "https://pictures.test/a.png"}})


@st.composite
def rounds(draw):
    """A turn that calls tools, and the results."""
    ids = draw(st.lists(identifiers, min_size=1, max_size=3, unique=True))
    uses = [{"type": "tool_use", "id": id_, "name": draw(identifiers), "input": draw(objects)} for id_ in ids]
    results = [{"type": "tool_result", "tool_use_id": id_, "content": [draw(texts)]} for id_ in ids]
    said = draw(st.lists(texts, max_size=1))
    return [
        {"role": "assistant", "content": said + uses},
        {"role": "user", "content": results + draw(st.lists(texts | pictures, max_size=2))},
    ]


@st.composite
def calls(draw):
    """A messages call that says only what chat can say too."""
    ask = st.builds(
        lambda parts: [{"role": "user", "content": parts}], st.lists(texts | pictures, min_size=1, max_size=3)
    )
    plain = st.builds(lambda asked, said: [*asked, {"role": "assistant", "content": [said]}], ask, texts)
    turns = [
        message
        for group in draw(st.lists(st.builds(lambda a, b: a + b, ask, rounds()) | plain, max_size=3))
        for message in group
    ]
    merged = _alternating([*turns, *draw(ask)])
    assume(len(_ids(turns)) == len(set(_ids(turns))))  # an id that is used again gets a number
    tools = draw(
        st.lists(
            st.builds(lambda n, s: {"name": n, "description": n, "input_schema": s}, identifiers, schemas),
            max_size=2,
        )
    )
    body = {"max_tokens": draw(st.integers(1, 9000)), "messages": merged}
    body |= {"system": [{"type": "text", "text": draw(words)}]} if draw(st.booleans()) else {}
    body |= {"temperature": draw(st.sampled_from([0.0, 0.3, 0.9]))} if draw(st.booleans()) else {}
    body |= (
        {"stop_sequences": draw(st.lists(identifiers, min_size=1, max_size=4))} if draw(st.booleans()) else {}
    )
    if tools:
        body |= {
            "tools": tools,
            "tool_choice": draw(st.sampled_from([{"type": "auto"}, {"type": "any"}, {"type": "none"}])),
        }
    return body | ({"metadata": {"user_id": draw(identifiers)}} if draw(st.booleans()) else {})


def _ids(turns):
    return [block["id"] for turn in turns for block in turn["content"] if block["type"] == "tool_use"]


def _alternating(turns):
    merged = []
    for turn in turns:
        if merged and merged[-1]["role"] == turn["role"]:
            merged[-1] = {**turn, "content": merged[-1]["content"] + turn["content"]}
        else:
            merged.append(turn)
    return merged


def carried(body, one, other, terms):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    found = TRANSLATORS[one, other](raw, terms)
    return {name: json.loads(bytes(value)) for name, value in found.body.items()}, found


@few
@given(calls())
def test_a_messages_call_comes_back_as_it_was(body):
    chat, there = carried(body, "messages", "chat", ROUTER)
    again, back = carried(chat, "chat", "messages", MESSAGES)

    assert (there.dropped, back.dropped) == ((), ())
    used = {
        block["name"] for turn in body["messages"] for block in turn["content"] if block["type"] == "tool_use"
    }
    offered = {tool["name"] for tool in body.get("tools", [])}
    if used <= offered:  # else the tools that were used are offered too: the dialect wants it
        assert again.get("tools", []) == body.get("tools", [])
        assert again.get("tool_choice", {"type": "auto"}) == body.get("tool_choice", {"type": "auto"})
    same = ("max_tokens", "messages", "system", "temperature", "stop_sequences", "metadata")
    assert {name: again.get(name) for name in same} == {name: body.get(name) for name in same}


@st.composite
def messages_answers(draw):
    """A whole answer of the messages dialect."""
    said = draw(st.lists(texts, max_size=1))
    thought = (
        [{"type": "thinking", "thinking": draw(words), "signature": draw(identifiers)}]
        if draw(st.booleans())
        else []
    )
    ids = draw(st.lists(identifiers, max_size=2, unique=True))
    uses = [{"type": "tool_use", "id": id_, "name": draw(identifiers), "input": draw(objects)} for id_ in ids]
    stop = "tool_use" if uses else draw(st.sampled_from(["end_turn", "max_tokens"]))
    counts = {"input_tokens": draw(st.integers(1, 99)), "output_tokens": draw(st.integers(1, 99))}
    # As many read as written look like a server that says the same tokens twice.
    read, written = 2 * draw(st.integers(0, 4)), 2 * draw(st.integers(0, 4)) + 1
    counts |= {"cache_read_input_tokens": read, "cache_creation_input_tokens": written}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None,
        "content": thought + said + uses, "stop_reason": stop, "usage": counts,
    }  # fmt: skip


@few
@given(messages_answers())
def test_an_answer_comes_back_as_it_was(answer):
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    _, there = carried(body, "messages", "chat", ROUTER)
    _, back = carried({"messages": [{"role": "user", "content": "hi"}]}, "chat", "messages", MESSAGES)

    content = json.dumps(answer).encode()
    chat = back.answers.whole(adapter_for("custom", "messages").parse_answer(content))
    again = json.loads(there.answers.whole(adapter_for("custom", "chat").parse_answer(chat)))

    assert again["content"] == answer["content"]
    assert again["stop_reason"] == answer["stop_reason"]
    assert {name: again["usage"][name] for name in answer["usage"]} == answer["usage"]
