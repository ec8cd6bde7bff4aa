"""What a provider's own tools did, as the usages of both dialects count it."""

from __future__ import annotations

import json

import pytest

from providers.adapters import adapter_for
from providers.adapters.tool_uses import tool_uses
from providers.wire import Usage


@pytest.mark.parametrize(
    ("usage", "searches", "others"),
    [
        ({}, 0, False),
        ({"server_tool_use": None}, 0, False),
        ({"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 9}}, 3, False),
        ({"server_tool_use": {"code_execution_requests": 1}}, 0, True),
        ({"server_tool_use_details": {"web_search_requests": 2, "tool_calls_executed": 2}}, 2, False),
        ({"server_tool_use_details": {"tool_calls_requested": 2, "tool_calls_executed": 0}}, 0, False),
        ({"server_tool_use_details": {"web_search_requests": 1, "tool_calls_executed": 2}}, 1, True),
        ({"num_search_queries": 4}, 4, False),
        ({"num_search_queries": -4}, 0, False),
        ({"server_tool_use": {"web_search_requests": "many"}}, 0, False),
        ({"server_tool_use": [1]}, 0, False),
        ({"num_sources_used": 0}, 0, False),
        ({"num_sources_used": 5}, 0, True),
    ],
)
def test_searches_are_counted_and_other_tools_noticed(usage, searches, others):
    assert tool_uses(usage) == (searches, others)


def test_both_dialects_read_them():
    used = {"server_tool_use": {"web_search_requests": 2}}
    chat = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7, "num_search_queries": 2}}  # fmt: skip
    messages = {"content": [], "usage": {"input_tokens": 5, "output_tokens": 7} | used}

    for dialect, answer in (("chat", chat), ("messages", messages)):
        found = adapter_for("custom", dialect).parse_answer(json.dumps(answer).encode())
        assert found.usage == Usage(5, 7, web_searches=2)


def test_code_that_ran_in_a_container_is_billed_by_time_which_no_usage_counts():
    adapter = adapter_for("custom", "messages")
    ran = {"container": {"id": "container_1"}, "usage": {"input_tokens": 5, "output_tokens": 7}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "container": {"id": "c"}}}
    read = adapter.event_reader()
    read(json.dumps({"type": "message_start", "message": {"usage": ran["usage"]}}).encode())

    assert adapter.parse_answer(json.dumps({"content": [], **ran}).encode()).usage.other_rates
    assert read(json.dumps(end | {"usage": {"output_tokens": 9}}).encode()).usage.other_rates
    plain = {"content": [], **ran, "container": None}
    assert not adapter.parse_answer(json.dumps(plain).encode()).usage.other_rates
