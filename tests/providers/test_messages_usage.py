"""Usage of the messages dialect: the input is the sum of its parts, and nonsense is no usage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.adapters.messages_usage import counted_by_us, merged, usage_of
from providers.wire import Usage


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 7}, Usage(5, 7)),
        ({"input_tokens": 5.0, "output_tokens": 7}, Usage(5, 7)),
        (
            {
                "input_tokens": 16,
                "cache_creation_input_tokens": 7049,
                "cache_read_input_tokens": 13637,
                "cache_creation": {"ephemeral_5m_input_tokens": 49, "ephemeral_1h_input_tokens": 7000},
                "output_tokens": 344,
                "output_tokens_details": {"thinking_tokens": 33},
                "server_tool_use": {"web_search_requests": 2},
                "service_tier": "standard",
            },
            Usage(20702, 344, 13637, 7049, 7000, 33, web_searches=2),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "cache_creation_input_tokens": None,
                "cache_read_input_tokens": None,
                "cache_creation": None,
                "output_tokens_details": None,
                "server_tool_use": None,
            },
            Usage(5, 7),
        ),
        # everything was read from the cache
        ({"input_tokens": 0, "output_tokens": 7, "cache_read_input_tokens": 9}, Usage(9, 7, 9)),
        # only the lifetimes say what was written
        (
            {
                "input_tokens": 1,
                "output_tokens": 7,
                "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
            },
            Usage(6, 7, 0, 5, 3),
        ),
        # parts larger than the whole, nonsense in the details
        (
            {
                "input_tokens": 1,
                "output_tokens": 7,
                "cache_creation_input_tokens": 2,
                "cache_creation": {"ephemeral_1h_input_tokens": 9},
            },
            Usage(3, 7, 0, 2, 2),
        ),
        (
            {"input_tokens": 1, "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 99}},
            Usage(1, 7, reasoning_tokens=7),
        ),
        (
            {"input_tokens": 1, "output_tokens": 7, "output_tokens_details": {"thinking_tokens": -9}},
            Usage(1, 7),
        ),
        (
            {"input_tokens": 1, "output_tokens": 7, "output_tokens_details": "?", "cache_creation": "?"},
            Usage(1, 7),
        ),
    ],
)
def test_usage_is_normalised(reported, expected):
    assert usage_of(reported) == expected


@pytest.mark.parametrize(
    "reported",
    [
        None, {}, [], "12", 7, {"input_tokens": 5}, {"output_tokens": 7},
        {"input_tokens": None, "output_tokens": 7},
        {"input_tokens": -1, "output_tokens": 7}, {"input_tokens": 5, "output_tokens": -7},
        {"input_tokens": 10**12, "output_tokens": 7}, {"input_tokens": "5", "output_tokens": 7},
        {"input_tokens": True, "output_tokens": 7}, {"input_tokens": 1.5, "output_tokens": 7},
        {"input_tokens": 0, "output_tokens": 7}, {"input_tokens": 0, "output_tokens": 0},
        {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": -1},
        {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": "all"},
        {"input_tokens": 5, "output_tokens": 7, "cache_creation_input_tokens": 10**10},
        {"input_tokens": 10**9, "output_tokens": 7, "cache_read_input_tokens": 10**9},
    ],
)  # fmt: skip
def test_usage_that_cannot_be_is_as_if_nothing_were_said(reported):
    assert usage_of(reported) is None


COUNT = st.none() | st.integers(-5, 10**10) | st.floats() | st.text(max_size=3) | st.booleans()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "input_tokens": COUNT,
            "output_tokens": COUNT,
            "cache_creation_input_tokens": COUNT,
            "cache_read_input_tokens": COUNT,
            "cache_creation": st.none() | st.dictionaries(
                st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), COUNT
            ),
            "output_tokens_details": st.none() | st.fixed_dictionaries({"thinking_tokens": COUNT}),
        },
    )
)  # fmt: skip
def test_whatever_is_said_the_parts_fit_into_the_whole(reported):
    usage = usage_of(reported)

    if usage is not None:
        assert usage.cache_read_tokens + usage.cache_write_tokens <= usage.input_tokens <= 10**9
        assert 0 <= usage.cache_write_1h_tokens <= usage.cache_write_tokens
        assert 0 <= usage.reasoning_tokens <= usage.output_tokens


def test_null_takes_nothing_back():
    assert merged({"a": 1, "b": 2}, {"a": None, "b": 3, "c": 4}) == {"a": 1, "b": 3, "c": 4}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [(None, None), (Usage(9, 1), Usage(9, 3, estimated=True)), (Usage(9, 50), Usage(9, 50, estimated=True))],
)
def test_our_own_count_is_never_less_than_what_was_said(usage, expected):
    assert counted_by_us(usage, text_bytes=9) == expected


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ({}, False),
        ({"server_tool_use": {"web_search_requests": 0}}, False),
        ({"server_tool_use": {"web_search_requests": 2}}, False),  # it has a price of its own
        ({"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}}, False),  # fetching is free
        ({"server_tool_use": {"code_execution_requests": 1}}, True),
        ({"inference_geo": "not_available"}, False),
        ({"inference_geo": "us"}, True),
        ({"speed": "standard"}, False),
        ({"speed": "fast"}, True),
        ({"iterations": [{"type": "message"}]}, False),
        ({"iterations": [{"type": "message"}, {"type": "compaction"}]}, True),
    ],
)
def test_what_is_billed_beside_the_tokens_or_at_other_rates_is_known(said, other):
    assert usage_of({"input_tokens": 3, "output_tokens": 4} | said).other_rates is other
