"""Whatever a caller or a provider sends, it becomes a proper call or message, or an error of ours."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers.translators import CannotTranslate
from tests.translators.messages_chat_parts import PLAIN, ROUTER, chunk, frames, translated, whole

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "text", "auto", "{", '{"a":1}'])
)


def filled(names):
    """Any JSON, its objects with such names."""
    return st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=5)
        ),
        max_leaves=20,
    )


BLOCK_TYPES = [
    "text", "image", "document", "search_result", "tool_use", "tool_result", "thinking", "redacted_thinking",
    "server_tool_use", "x",
]  # fmt: skip
BLOCK_FIELDS = ["text", "source", "content", "input", "id", "name", "signature", "data", "url", "citations"]
BLOCKS = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(BLOCK_TYPES),
    st.dictionaries(st.sampled_from(BLOCK_FIELDS), filled(["type", "data", "content", "url"]), max_size=4),
)
TURNS = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant", "system"]),
    st.lists(BLOCKS, max_size=3) | LEAVES,
)
FIELDS = [
    "system", "tools", "tool_choice", "thinking", "output_config", "output_format", "metadata",
    "stop_sequences", "temperature", "top_k", "cache_control", "container", "mcp_servers", "new",
]  # fmt: skip
INNER = ["type", "name", "input_schema", "budget_tokens", "effort", "format", "schema", "user_id", "text"]
DELTA_FIELDS = [
    "role",
    "content",
    "refusal",
    "reasoning",
    "reasoning_details",
    "tool_calls",
    "function_call",
    "audio",
    "images",
]
DELTA_INNER = [
    "type",
    "index",
    "id",
    "function",
    "name",
    "arguments",
    "text",
    "thinking",
    "signature",
    "data",
    "format",
]
DELTAS = st.dictionaries(st.sampled_from(DELTA_FIELDS), filled(DELTA_INNER), max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TURNS, max_size=3),
    st.dictionaries(st.sampled_from(FIELDS), filled(INNER), max_size=4),
    st.sampled_from([PLAIN, ROUTER]),
)
@example([{"role": "user", "content": []}], {"output_config": {"effort": []}}, PLAIN)
@example([{"role": "user", "content": []}], {"output_config": {"format": False}}, PLAIN)
def test_any_call_is_translated_or_refused_with_the_field_that_is_meant(turns, fields, terms):
    body = {"max_tokens": 9, "messages": turns, **fields}

    try:
        found = translated(body, terms)
    except CannotTranslate as exc:
        param = exc.param
    else:
        param = ""
        assert json.loads(bytes(found.body["messages"]))
        assert list(found.dropped) == sorted(set(found.dropped))

    assert param in {"", *body}


@settings(max_examples=150, deadline=None)
@given(st.lists(DELTAS, max_size=4))
def test_any_stream_is_a_proper_message(deltas):
    frames([chunk(delta) for delta in deltas])


@settings(max_examples=150, deadline=None)
@given(DELTAS)
def test_any_answer_is_a_message(message):
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1}

    assert whole({"id": "x", "model": "m", "choices": [choice], "usage": usage}).type == "message"
