"""Recorded chat answers as messages, and recorded messages requests as chat calls.

Every behaviour here also has a case of our own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anthropic.types import Message

from providers.adapters import adapter_for
from providers.errors import ProviderError
from providers.sse import SseReader
from providers.translators import Unsayable
from tests.fixtures.simulator import RECORDINGS
from tests.translators.messages_chat_parts import (
    PLAIN,
    ROUTER,
    accumulated,
    answers,
    checked,
    translated,
)

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

CASES = [case for folder in sorted(RECORDINGS.glob("cases/*-chat")) for case in sorted(folder.iterdir())]
QUIRKS = [
    RECORDINGS / "quirks" / name
    for name in ("vercel-azure-model-router.1-stream", "vercel-deepseek-tool-call-stream")
]
STREAMS = [case for case in CASES if (case / "stream.sse").exists()] + [
    case for case in QUIRKS if case.is_dir()
]
REQUESTS = sorted(RECORDINGS.glob("cases/anthropic-messages/*/request.json"))
STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
# What a chat provider cannot be told of what these ask for.
UNSAYABLE = {"001": "messages", "002": "tools", "005": "mcp_servers", "008": "tools"}


def name_of(request_file: Path) -> str:
    return request_file.parent.name.split("-")[2]


def adapter_of(case: Path):
    return adapter_for("openrouter" if case.parent.name.startswith("openrouter") else "custom", "chat")


def load(case: Path, name: str):
    return json.loads((case / name).read_text()) if (case / name).exists() else {}


def said(message: Message, kind: str, field: str) -> str:
    return "".join(getattr(block, field) for block in message.content if block.type == kind)


def called(message: Message):
    return [(block.name, block.input) for block in message.content if block.type == "tool_use"]


def tokens(message: Message) -> tuple[int, int, int]:
    """All input, what a cache gave of it, and output."""
    usage = message.usage
    parts = usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    return sum(parts), usage.cache_read_input_tokens, usage.output_tokens


def told(usage) -> tuple[int, int, int]:
    """The same of a chat provider's own usage."""
    details = usage.get("prompt_tokens_details") or {}
    read = details.get("cached_tokens") or usage.get("cached_tokens") or 0
    return usage["prompt_tokens"], read, usage["completion_tokens"]


def arguments_in(calls):
    return [(call["name"], json.loads(call["arguments"] or "{}")) for call in calls]


def test_there_are_recordings_of_every_kind():
    assert len(STREAMS) >= 25
    assert len([case for case in CASES if (case / "response.json").exists()]) >= 35
    assert len(REQUESTS) >= 25


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_the_sdk_reads_a_translated_stream_as_it_was_meant(case):
    reader, events = SseReader(), answers().events(wants_usage=False)
    found = [
        adapter_of(case).parse_event(event.data) for event in reader.feed((case / "stream.sse").read_bytes())
    ]
    usages = [event.usage for event in found if event.usage]
    written = b"".join(events.take(event) for event in found if event.kind not in {"done", "error"})
    written += events.end(usages[-1] if usages else None)

    checked(written)
    message, expected = accumulated(written), load(case, "expected.json")

    if not expected:  # no reading of it was kept: only that it is a proper message
        return
    assert said(message, "text", "text") == expected["text"]
    assert said(message, "thinking", "thinking") == expected["reasoning"]
    assert called(message) == arguments_in(expected["tool_calls"])
    if expected["usage"] and usages:
        assert tokens(message) == told(expected["usage"])
    if expected["tool_calls"]:
        assert message.stop_reason == "tool_use"
    elif expected["finish_reason"]:
        assert message.stop_reason == STOPS[expected["finish_reason"]]


@pytest.mark.parametrize("case", [c for c in CASES if c not in STREAMS], ids=lambda case: case.name)
def test_the_sdk_reads_a_translated_answer_as_it_was_meant(case):
    headers, content = load(case, "headers.json"), (case / "response.json").read_bytes()
    if headers["status"] != 200:  # the gateway writes errors itself
        assert isinstance(adapter_of(case).failure(headers["status"], {}, content), ProviderError)
        return

    message = Message.model_validate(json.loads(answers().whole(adapter_of(case).parse_answer(content))))

    sent = json.loads(content)
    choice = sent["choices"][0]
    expected = choice["message"]
    spoken = expected.get("content") or (expected.get("audio") or {}).get("transcript") or ""
    calls = [call["function"] for call in expected.get("tool_calls") or []]
    assert said(message, "text", "text") == spoken + (expected.get("refusal") or "")
    assert said(message, "thinking", "thinking") == (
        expected.get("reasoning") or expected.get("reasoning_content") or ""
    )
    assert called(message) == arguments_in(calls)
    assert tokens(message) == told(sent["usage"])
    if expected.get("refusal"):
        assert message.stop_reason == "refusal"
    else:
        assert message.stop_reason == ("tool_use" if calls else STOPS[choice.get("finish_reason") or "stop"])


@pytest.mark.parametrize("terms", [PLAIN, ROUTER], ids=["plain", "router"])
@pytest.mark.parametrize("request_file", REQUESTS, ids=name_of)
def test_a_recorded_request_becomes_a_chat_call_or_says_why_not(request_file, terms):
    body = json.loads(request_file.read_text())
    if param := UNSAYABLE.get(name_of(request_file)):
        with pytest.raises(Unsayable) as caught:
            translated(body, terms)
        assert caught.value.param == param
        return

    sent = {name: json.loads(bytes(value)) for name, value in translated(body, terms).body.items()}

    assert sent["max_tokens"] == body["max_tokens"]
    assert len(sent.get("tools", [])) == len(body.get("tools", []))
    assert letters_in(sent["messages"]) == letters_in([{"content": body.get("system")}, *body["messages"]])


def letters_in(messages) -> str:
    """All letters and digits of what messages say, in one row."""
    found = ""
    for message in messages:
        content = message.get("content") or ""
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for part in parts:
            found += letters_in([part]) if part["type"] == "tool_result" else part.get("text", "")
            found += part.get("tool_name", "")
    return "".join(letter for letter in found if letter.isalnum())
