"""A chat provider's stream as the events of a message: each rule, and what holds for any stream."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.translators.foreign import FOREIGN_SIGNATURE
from providers.wire import Usage
from tests.translators.messages_chat_parts import blocks, call, chunk, frames, streamed, whole

ROLE = chunk({"role": "assistant", "content": ""})
USAGE = Usage(
    input_tokens=107, cache_read_tokens=40, cache_write_tokens=7, output_tokens=5, reasoning_tokens=2
)


def content(*chunks):
    return blocks(streamed(chunks))


def said(text, **fields):
    return {"type": "text", "text": text, **fields}


def thought(text, signature=FOREIGN_SIGNATURE):
    return {"type": "thinking", "thinking": text, "signature": signature}


def used(name, arguments, place="a"):
    return {"type": "tool_use", "id": place, "name": name, "input": arguments}


def tools(*fragments):
    return chunk({"tool_calls": list(fragments)})


def test_a_stream_of_text_event_by_event():
    found = frames([ROLE, chunk({"content": "h"}), chunk({"content": "i"}), chunk({}, "stop")], USAGE)

    zeros = {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
    }
    assert found == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_chatcmpl-1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": zeros,
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": said("")},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "h"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "i"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {
                "input_tokens": 60,
                "cache_creation_input_tokens": 7,
                "cache_read_input_tokens": 40,
                "output_tokens": 5,
                "output_tokens_details": {"thinking_tokens": 2},
            },
        },
    ]


def test_the_sdk_reports_the_final_usage():
    usage = streamed([ROLE, chunk({"content": "hi"})], USAGE).usage

    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (
        60,
        40,
        7,
    )
    assert (usage.output_tokens, usage.output_tokens_details.thinking_tokens) == (5, 2)


def test_usage_that_is_known_at_the_start_is_told_at_the_start():
    first = chunk({"content": "a"}, usage={"prompt_tokens": 9, "completion_tokens": 1})

    assert frames([first])[0]["message"]["usage"]["input_tokens"] == 9


def test_text_is_sent_as_it_comes():
    kinds = [event["type"] for event in frames([chunk({"content": letter}) for letter in "abc"])]

    assert kinds.count("content_block_delta") == 3


@pytest.mark.parametrize(
    "chunks", [[], [ROLE], [ROLE, chunk({}, "stop")], [{"choices": []}], [{"choices": None}]]
)
def test_a_stream_without_content_is_an_empty_message(chunks):
    found = streamed(chunks)

    assert (found.content, found.stop_reason, found.usage.output_tokens) == ([], "end_turn", 0)


def test_the_message_begins_with_the_first_chunk_that_has_an_id():
    azure = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}

    found = streamed([azure, ROLE, chunk({"content": "a"})])

    assert (found.id, found.model) == ("msg_chatcmpl-1", "m")


def test_a_stream_without_ids_begins_with_its_content():
    assert content({"choices": [{"delta": {"content": "a"}}]}) == [said("a")]


def test_what_compatible_servers_do_differently():
    assert content(
        chunk({"content": None}),
        chunk({"content": [{"type": "text", "text": "a"}]}),
        {"choices": [{"delta": {"content": "b"}, "message": {"content": "ab"}}]},
        {"choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {"content": "c"}}]},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}},
    ) == [said("abc")]


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["stop"], "end_turn"),
        (["length"], "max_tokens"),
        (["content_filter"], "refusal"),
        (["tool_calls"], "tool_use"),
        (["length", None], "max_tokens"),
        ([None], "end_turn"),
    ],
)
def test_why_the_model_stopped(reasons, expected):
    assert streamed([chunk({"content": "a"}), *[chunk({}, why) for why in reasons]]).stop_reason == expected


def test_another_choice_does_not_say_why_the_model_stopped():
    other = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}

    assert streamed([chunk({"content": "a"}, "stop"), other]).stop_reason == "end_turn"


def test_a_refusal_is_text():
    found = streamed([chunk({"refusal": "I can"}), chunk({"refusal": "not."}, "stop")])

    assert (blocks(found), found.stop_reason) == ([said("I cannot.")], "refusal")


def test_reasoning_is_closed_with_a_signature_before_text():
    found = frames([chunk({"reasoning": "h"}), chunk({"reasoning_content": "m"}), chunk({"content": "a"})])

    assert [event.get("delta", event)["type"] for event in found[1:6]] == [
        "content_block_start",
        "thinking_delta",
        "thinking_delta",
        "signature_delta",
        "content_block_stop",
    ]
    assert content(chunk({"reasoning": "hm"}), chunk({"content": "a"})) == [thought("hm"), said("a")]


def test_a_signature_ends_a_block_of_thinking():
    def detail(**fields):
        return chunk({"reasoning_details": [{"type": "reasoning.text", **fields}]})

    assert content(
        detail(text="h"),
        detail(text="m"),
        detail(signature="S"),
        detail(text="ah", signature="T"),
        chunk({"content": "a"}),
    ) == [thought("hm", "S"), thought("ah", "T"), said("a")]
    assert content(detail(signature="S"), chunk({"content": "a"})) == [thought("", "S"), said("a")]
    assert content(detail(signature="S"), detail(signature="T")) == [thought("", "S"), thought("", "T")]


def test_hidden_reasoning_is_a_block_of_its_own():
    hidden = chunk(
        {
            "content": "",
            "reasoning": None,
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "D"}],
        }
    )

    assert content(chunk({"reasoning": "hm"}), hidden, chunk({"content": "a"})) == [
        thought("hm"),
        {"type": "redacted_thinking", "data": "D"},
        said("a"),
    ]


def test_a_call_in_fragments():
    found = frames([tools(call(0, "", id="a", name="f")), tools(call(0, '{"x"')), tools(call(0, ": 1}"))])

    assert [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"] == [
        '{"x"',
        ": 1}",
    ]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([tools(call(1, '{"x":1}', id="a", name="f"))], [used("f", {"x": 1})]),
        ([tools(call(None, '{"x":1}', id="a", name="f"))], [used("f", {"x": 1})]),
        (
            [tools(call(None, "{}", id="a", name="f"), call(None, "{}", id="b", name="g"))],
            [used("f", {}), used("g", {}, "b")],
        ),
        (
            [tools(call(0, "{}", id="a", name="f")), tools(call(0, '{"x":1}', id="b", name="g"))],
            [used("f", {}), used("g", {"x": 1}, "b")],
        ),
        (
            [tools(call(None, '{"x":', id="a", name="f")), tools(call(None, "1}"))],
            [used("f", {"x": 1})],
        ),
        (
            [tools(call(0, '{"x":', id="a", name="f")), tools(call(0, "1}", id="a", name="f"))],
            [used("f", {"x": 1})],
        ),
        (
            [tools(call(0, '{"x":', id="a", name="f")), tools(call(0, "1}", id="other"))],
            [used("f", {"x": 1})],
        ),
        ([tools(call(0, "", id="a")), tools(call(0, "{}", name="f"))], [used("f", {})]),
        ([tools(call(0, None, id="a", name="f"))], [used("f", {})]),
        ([tools(call(0, "null", id="a", name="f"))], [used("f", {})]),
        (
            [tools(call(0, "[1", id="a", name="f")), tools(call(0, "]"))],
            [used("f", {"_raw_arguments": "[1]"})],
        ),
        ([tools(call(0, {"x": 1}, id="a", name="f"))], [used("f", {"x": 1})]),
    ],
)  # fmt: skip
def test_the_ways_in_which_servers_send_calls(chunks, expected):
    found = streamed([ROLE, *chunks, chunk({}, "stop")])

    assert blocks(found) == expected
    assert found.stop_reason == "tool_use"


def test_calls_without_ids_or_indexes_are_told_apart_by_their_names():
    found = content(tools(call(None, "{}", name="f")), tools(call(None, '{"x":1}', name="g")))

    assert [(block["name"], block["input"]) for block in found] == [("f", {}), ("g", {"x": 1})]
    assert found[0]["id"] != found[1]["id"]


def test_an_old_function_call_in_fragments():
    found = streamed(
        [
            chunk({"function_call": {"name": "f", "arguments": '{"x"'}}),
            chunk({"function_call": {"arguments": ":1}"}}),
        ]
    )

    assert [(block.name, block.input) for block in found.content] == [("f", {"x": 1})]
    assert found.stop_reason == "tool_use"


def test_a_call_that_is_complete_is_closed_when_the_next_begins():
    found = frames([tools(call(0, "{}", id="a", name="f")), tools(call(1, '{"x":', id="b", name="g"))])

    assert [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"] == [
        "{}",
        '{"x":',
    ]


def test_fragments_of_calls_may_come_in_any_order():
    assert content(
        tools(call(0, '{"x":', id="a", name="f")),
        tools(call(1, '{"y":', id="b", name="g")),
        tools(call(0, "1}")),
        chunk({"content": "done"}),
        tools(call(1, "2}")),
    ) == [used("f", {"x": 1}), used("g", {"y": 2}, "b"), said("done")]


def test_nothing_can_follow_complete_arguments():
    assert content(
        tools(call(0, "{}", id="a", name="f")), tools(call(1, "{}", id="b", name="g")), tools(call(0, " "))
    ) == [used("f", {}), used("g", {}, "b")]


def test_a_shortened_name_is_long_again():
    found = streamed([tools(call(0, "{}", id="a", name="sh"))], names={"sh": "long name"})

    assert found.content[0].name == "long name"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
OBJECTS = st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(st.none(), max_size=2), max_size=3)


@st.composite
def fragmented(draw):
    """Calls, and their fragments in an order that keeps only each call's own."""
    inputs = draw(st.lists(OBJECTS, min_size=1, max_size=4))
    first = draw(st.integers(0, 3))
    queues = []
    for place, value in enumerate(inputs):
        written = json.dumps(value)
        cuts = sorted(draw(st.lists(st.integers(0, len(written)), max_size=4)))
        pieces = [written[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        index = first + place
        queues.append(
            [
                call(index, pieces[0], id=f"c{place}", name=f"f{place}"),
                *[call(index, piece) for piece in pieces[1:]],
            ]
        )
    fragments = [queue.pop(0) for queue in queues]  # calls begin in order, as everywhere
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        fragments.append(queue.pop(0))
    return inputs, fragments


def chunked(draw_sizes, fragments):
    """Fragments as chunks of so many at a time."""
    chunks, rest = [], list(fragments)
    for size in draw_sizes:
        chunks.append(tools(*rest[:size]))
        rest = rest[size:]
    return [*chunks, *[tools(fragment) for fragment in rest]]


@settings(max_examples=60, deadline=None)
@given(fragmented(), st.lists(st.integers(0, 3), max_size=5), st.lists(TEXTS, max_size=3))
def test_arguments_are_kept_however_their_fragments_come(calls, sizes, texts):
    inputs, fragments = calls

    found = blocks(streamed([*[chunk({"content": text}) for text in texts], *chunked(sizes, fragments)]))

    used_tools = [block for block in found if block["type"] == "tool_use"]
    assert [block["input"] for block in used_tools] == inputs
    assert [block["name"] for block in used_tools] == [f"f{place}" for place in range(len(inputs))]
    said = "".join(texts)  # which is no block where it has no word
    assert "".join(block["text"] for block in found if block["type"] == "text") == (
        said if said.strip() else ""
    )


PIECES = st.lists(
    st.tuples(st.sampled_from(["content", "reasoning", "refusal"]), TEXTS)
    | st.tuples(st.just("call"), st.integers(0, 2)),
    max_size=12,
)


def as_chunk(kind, value, place):
    if kind == "call":
        return tools(call(value, '{"x":', id=f"c{value}", name="f"))
    return chunk({kind: value} if place % 2 else {kind: value, "role": "assistant"})


@settings(max_examples=100, deadline=None)
@given(PIECES)
def test_blocks_are_in_order_and_text_is_kept_whatever_comes(pieces):
    chunks = [as_chunk(kind, value, place) for place, (kind, value) in enumerate(pieces)]

    found = frames(chunks)  # checks the order

    for kind, name in (("text_delta", "text"), ("thinking_delta", "thinking")):
        fields = {"text": ("content", "refusal"), "thinking": ("reasoning",)}[name]
        told = [event["delta"][name] for event in found if event.get("delta", {}).get("type") == kind]
        said = "".join(value for field, value in pieces if field in fields)
        if name == "text":  # blocks of white space alone are left out
            assert "".join("".join(told).split()) == "".join(said.split())
        else:
            assert "".join(told) == said


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.lists(OBJECTS, max_size=2), st.integers(1, 4))
def test_a_stream_says_what_the_whole_answer_says(reasoning, text, inputs, size):
    message = {
        "reasoning": reasoning,
        "content": text,
        "tool_calls": [
            call(place, json.dumps(value), id=f"c{place}", name="f") for place, value in enumerate(inputs)
        ],
    }
    chunks = [chunk({"reasoning": reasoning[i : i + size]}) for i in range(0, len(reasoning), size)]
    chunks += [chunk({"content": text[i : i + size]}) for i in range(0, len(text), size)]
    chunks += [tools(fragment) for fragment in message["tool_calls"]]
    answer = {
        "id": "chatcmpl-1",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }

    assert blocks(streamed(chunks)) == blocks(whole(answer))
    assert streamed(chunks).stop_reason == whole(answer).stop_reason


def test_white_space_before_a_call_or_alone_is_no_text():
    blank, more = chunk({"content": "\n"}), chunk({"content": "\n "})

    assert content(ROLE, blank, more, tools(call(0, "{}", name="f", id="a"))) == [used("f", {}, "a")]
    assert content(ROLE, blank, more) == []
    assert content(ROLE, blank, chunk({"content": "hi\n"})) == [said("\nhi\n")]
