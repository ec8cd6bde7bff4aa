"""What holds for every chat call that goes over, and for every answer that comes back."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from providers.translators import CannotTranslate, Malformed
from providers.translators.chat_messages import chat_to_messages
from tests.translators.accepted import accept
from tests.translators.chat_messages import (
    ADAPTIVE,
    HI,
    OLD,
    PIXEL,
    PLAIN,
    accumulated,
    asks,
    call,
    chunks,
    comparable,
    raw,
    result,
    sent,
    told,
    translated,
    whole,
)

VALID_ID = re.compile(r"[a-zA-Z0-9_-]+")
VALID_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
few = settings(max_examples=150, deadline=None)

words = st.text(st.sampled_from("ab .ü\n"), max_size=6)
names = st.text(st.sampled_from("ab.-_ü "), min_size=1, max_size=4)
objects = st.dictionaries(names, st.integers() | words | st.none(), max_size=2)
images = st.just({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}})
parts = st.lists(st.builds(lambda t: {"type": "text", "text": t}, words) | images, max_size=3)
thoughts = st.lists(
    st.builds(lambda t, s: {"type": "reasoning.text", "text": t, "signature": s}, words, words), max_size=2
)


@st.composite
def rounds(draw):
    """An assistant message that calls tools, and its results in any order."""
    ids = draw(st.lists(names, min_size=1, max_size=3))
    calls = [call(draw(names), json.dumps(draw(objects)), call_id) for call_id in ids]
    said = asks(*calls, content=draw(st.none() | words), reasoning_details=draw(thoughts))
    return [said, *(result(draw(words | parts), call_id) for call_id in draw(st.permutations(ids)))]


@st.composite
def conversations(draw):
    """Messages that a chat provider would take."""
    plain = st.builds(
        lambda role, content: [{"role": role, "content": content}],
        st.sampled_from(["user", "assistant", "system"]),
        words,
    )
    users = st.builds(lambda content: [{"role": "user", "content": content}], words | parts)
    found = draw(st.lists(plain | users | rounds(), max_size=6))
    return [message for group in found for message in group]


@few
@given(conversations(), st.sampled_from([PLAIN, ADAPTIVE, OLD]), st.sampled_from([None, "low", "none"]))
def test_what_is_sent_has_the_shape_that_the_provider_wants(messages, terms, effort):
    try:
        body = sent(messages, terms=terms, reasoning_effort=effort)
    except Malformed as refusal:
        told = refusal.param
    else:
        told = ""
    event("refused" if told else "sent")
    if told:
        assert told == "messages"  # nothing was said
        return

    accept(body)
    turns = body["messages"]
    roles = [turn["role"] for turn in turns]
    assert all(one != other for one, other in pairwise(roles))
    for place, turn in enumerate(turns):
        blocks = turn["content"]
        assert blocks
        assert all(block["text"].strip() for block in blocks if block["type"] == "text")
        uses = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if uses:
            first = turns[place + 1]["content"][: len(uses)]
            assert sorted(block.get("tool_use_id", "") for block in first) == sorted(uses)
        if turn["role"] == "assistant":
            assert "thinking" not in blocks[-1]["type"]
    uses = [block for turn in turns for block in turn["content"] if block["type"] == "tool_use"]
    assert len({use["id"] for use in uses}) == len(uses)
    assert all(VALID_ID.fullmatch(use["id"]) and VALID_NAME.fullmatch(use["name"]) for use in uses)
    assert {use["name"] for use in uses} <= {tool["name"] for tool in body.get("tools", [])}
    if turns[-1]["role"] == "assistant":
        assert not turns[-1]["content"][-1]["text"][-1].isspace()


@few
@given(conversations())
def test_nothing_that_was_said_gets_lost(messages):
    texts = [text for message in messages for text in _texts(message.get("content")) if text.strip()]
    calls = [one["function"] for message in messages for one in message.get("tool_calls", [])]
    try:
        body = sent(messages)
    except CannotTranslate:
        return

    blocks = [block for turn in body["messages"] for block in turn["content"]]
    found = [block["text"] for block in [*body.get("system", []), *_flat(blocks)] if block["type"] == "text"]
    assert sorted(_squeezed(text) for text in found) == sorted(_squeezed(text) for text in texts)
    inputs = [block["input"] for block in blocks if block["type"] == "tool_use"]
    assert inputs == [json.loads(one["arguments"]) for one in calls]


@few
@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_every_tool_name_comes_back_as_it_was(given_names):
    tools = [{"type": "function", "function": {"name": name}} for name in given_names]
    sent_names = [tool["name"] for tool in sent(tools=tools)["tools"]]
    uses = [{"type": "tool_use", "id": "t", "name": name, "input": {}} for name in sent_names]
    calls = whole(*uses, call=translated(tools=tools))["choices"][0]["message"]["tool_calls"]

    assert len(set(sent_names)) == len(sent_names)
    assert all(VALID_NAME.fullmatch(name) for name in sent_names)
    assert [one["function"]["name"] for one in calls] == given_names


blocks = st.lists(
    st.builds(lambda t: {"type": "text", "text": t}, words)
    | st.builds(lambda i: {"type": "tool_use", "id": "t", "name": "f", "input": i}, objects)
    | st.builds(lambda i: {"type": "server_tool_use", "id": "s", "name": "g", "input": i}, objects)
    | st.builds(lambda t: {"type": "thinking", "thinking": t, "signature": "S"}, words)
    | st.just({"type": "redacted_thinking", "data": "D"}),
    max_size=5,
)


@few
@given(blocks, st.sampled_from(["end_turn", "tool_use", "max_tokens"]), st.integers(1, 9))
def test_a_stream_in_any_pieces_says_what_the_whole_answer_says(content, stop_reason, piece):
    said, finish = accumulated(chunks(*told(*content, stop_reason=stop_reason, piece=piece)))
    choice = whole(*content, stop_reason=stop_reason)["choices"][0]

    assert _plain(said) == _plain(choice["message"])
    assert finish == choice["finish_reason"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


def objects_of(**fields):
    """Objects whose fields may be missing, and are anything now and then."""
    kinds = {name: st.one_of(kind, kind, kind, kind, anything) for name, kind in fields.items()}
    return st.fixed_dictionaries({}, optional=kinds)


def nearly(**fields):
    """Like `objects_of`, or anything."""
    right = objects_of(**fields)
    return st.one_of(right, right, right, anything)


function = nearly(name=names, arguments=st.just("{}") | words, parameters=objects, strict=st.just(True))
part = nearly(
    type=st.sampled_from(["text", "image_url", "file", "refusal", "input_audio"]),
    text=words,
    refusal=words,
    image_url=nearly(
        url=st.sampled_from(["https://a.test", "data:image/png;base64,AA", "data:,"]), detail=words
    ),
    file=nearly(file_data=st.sampled_from(["data:text/plain;base64,AA", "https://a.test"]), filename=words),
    cache_control=st.just({"type": "ephemeral"}),
)
odd_message = objects_of(
    role=st.sampled_from(["user", "assistant", "tool", "function", "system"]),
    content=words | st.lists(part, max_size=2),
    tool_calls=st.lists(nearly(id=names, type=st.just("function"), function=function), max_size=2),
    function_call=function,
    tool_call_id=names,
    name=names,
    reasoning_details=st.lists(
        nearly(type=st.just("reasoning.text"), text=words, signature=words), max_size=2
    ),
)
tool = nearly(type=st.sampled_from(["function", "custom"]), function=function)
tool_choice = st.sampled_from(["auto", "required", "none"]) | nearly(
    type=st.sampled_from(["function", "allowed_tools"]),
    function=function,
    allowed_tools=nearly(mode=st.sampled_from(["auto", "required"]), tools=st.lists(tool, max_size=1)),
)
inner_schema = nearly(
    type=st.sampled_from(["object", "string"]), properties=objects, items=objects, format=words
)
SETTINGS = [
    "cache_control", "function_call", "functions", "logit_bias", "max_tokens", "messages", "metadata",
    "modalities", "n", "parallel_tool_calls", "reasoning", "reasoning_effort", "response_format",
    "service_tier", "stop", "temperature", "tool_choice", "tools", "top_k", "top_p", "user",
]  # fmt: skip
right_call = st.fixed_dictionaries(
    {"messages": st.lists(odd_message, max_size=2).map(lambda odd: [HI, *odd])},
    optional={
        "tools": st.lists(tool, max_size=2),
        "functions": st.lists(function, max_size=2),
        "tool_choice": tool_choice,
        "function_call": tool_choice,
        "response_format": objects_of(
            type=st.sampled_from(["json_schema", "json_object"]),
            json_schema=nearly(schema=inner_schema, description=words),
        ),
        "reasoning": objects_of(effort=st.sampled_from(["low", "none"]), max_tokens=st.integers(1, 9000)),
    },
)
odd_call = st.builds(
    lambda right, odd: {**right, **odd},
    right_call,
    st.dictionaries(st.sampled_from(SETTINGS), anything, max_size=1),
)


@settings(max_examples=500, deadline=None)
@given(odd_call, st.sampled_from([PLAIN, ADAPTIVE, OLD]))
def test_any_json_goes_over_or_is_refused_with_its_place(fields, terms):
    try:
        told = chat_to_messages(raw(fields), terms).body and "sent"
    except CannotTranslate as refusal:
        told = str(refusal) and refusal.param
    event(told.split("[")[0].split(".")[0])

    assert told


odd_event = objects_of(
    type=st.sampled_from(
        ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"]
    ),
    index=st.integers(0, 2),
    message=nearly(id=words, model=words),
    content_block=nearly(
        type=st.sampled_from(["text", "tool_use", "thinking", "redacted_thinking"]),
        text=words,
        input=objects,
        id=words,
    ),
    delta=nearly(
        type=st.sampled_from(["text_delta", "input_json_delta", "thinking_delta", "citations_delta"]),
        text=words,
        partial_json=words,
        thinking=words,
        citation=nearly(url=words, title=words),
        stop_reason=st.sampled_from(["end_turn", "refusal", "tool_use"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(odd_event, max_size=5))
def test_any_events_become_chunks_that_the_callers_sdk_reads(events):
    for one in chunks(*events):
        ChatCompletionChunk.model_validate(one, strict=True)


def test_the_checks_of_shape_can_fail():
    body = sent([{"role": "user", "content": "hi"}])
    wrong = {"type": "text", "text": "hi", "new": 1}

    accept(body)
    for broken in (
        {**body, "new": 1},
        {**body, "max_tokens": "many"},
        {**body, "messages": [{"role": "user", "content": [wrong]}]},
        {**body, "thinking": {"type": "enabled"}},
    ):
        with pytest.raises((AssertionError, ValueError)):
            accept(broken)


def _texts(content):
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if part["type"] == "text"]


def _flat(found):
    for block in found:
        yield block
        yield from block.get("content", [])


def _squeezed(text):
    return text.split("System note, not written by the user:\n")[-1].rstrip()


def _plain(message):
    """A message whose thoughts without text or signature count as none."""
    found = comparable(message)
    details = [{**one, "text": one.get("text", "")} for one in found.pop("reasoning_details", [])]
    return {**found, "reasoning_details": details}
