"""The four ways of a call, each measured on a call that really goes that way."""

from __future__ import annotations

from llmhub.bench import dialects


def test_each_way_is_measured():
    found = dialects.measure(0.08)

    assert {(row.caller, row.provider) for row in found} == {
        ("chat", "chat"), ("chat", "messages"), ("messages", "chat"), ("messages", "messages")
    }  # fmt: skip
    assert all(row.request_us > 0 and row.event_us > 0 for row in found)
