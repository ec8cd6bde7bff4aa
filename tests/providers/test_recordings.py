"""Adapters on what providers really sent; every behaviour here also has a case of our own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from providers.adapters import adapter_for
from providers.errors import (
    CredentialRefused,
    ProviderError,
    TargetMisconfigured,
    TooLargeForLimit,
)
from providers.sse import SseReader
from tests.fixtures.simulator import RECORDINGS
from tests.providers.cuts import check_cuts

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

FOLDERS = sorted(RECORDINGS.glob("cases/*-chat"))
CASES = [case for folder in FOLDERS for case in sorted(folder.iterdir())]
STREAMS = [case for case in CASES if (case / "stream.sse").exists()]
CHUNKS = (1, 2, 3, 7, 16, 61, 1000, 10**9)  # bytes


def adapter_of(case: Path):
    return adapter_for("openrouter" if case.parent.name.startswith("openrouter") else "custom", "chat")


def load(case: Path, name: str):
    return json.loads((case / name).read_text()) if (case / name).exists() else {}


def events(case: Path, size: int):
    content, reader = (case / "stream.sse").read_bytes(), SseReader()
    chunks = [content[i : i + size] for i in range(0, len(content), size)]
    found = [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()
    return [adapter_of(case).parse_event(event.data) for event in found]


def counts(usage) -> tuple[int, int, int, int]:
    """Input, output, cached and reasoning tokens of a provider's own usage object."""
    prompt, completion = (
        usage.get("prompt_tokens_details") or {},
        usage.get("completion_tokens_details") or {},
    )
    cached = prompt.get("cached_tokens") or usage.get("cached_tokens") or 0
    reasoning = completion.get("reasoning_tokens") or usage.get("reasoning_tokens") or 0
    return (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        cached,
        min(reasoning, usage["completion_tokens"]),
    )


def counted(usage) -> tuple[int, int, int, int]:
    return usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.reasoning_tokens


def test_there_are_recordings_of_every_kind():
    assert len(CASES) >= 60
    assert len(STREAMS) >= 25


def told(found) -> list[dict]:
    return [structs.asdict(event) | {"failure": repr(event.failure)} for event in found]


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_a_stream_is_read_as_the_sdk_reads_it_whatever_its_chunks(case):
    whole, expected = events(case, 10**9), load(case, "expected.json")
    usages = [event.usage for event in whole if event.usage]
    finish = [event.finish_reason for event in whole if event.finish_reason]

    for size in CHUNKS:
        assert told(events(case, size)) == told(whole), f"chunks of {size} bytes"
    if not expected:
        return
    tools = "".join(call["name"] + call["arguments"] for call in expected["tool_calls"])
    if "-n1-" not in case.name:  # the SDK's text is of one choice, ours of all
        text = (expected["reasoning"] or "") + (expected["text"] or "") + tools
        assert sorted("".join(event.text for event in whole)) == sorted(text)
    assert (finish or [None])[-1] == expected["finish_reason"]
    assert bool([event for event in whole if event.kind == "error"]) == bool(expected["error"])
    if expected["usage"]:
        assert counted(usages[-1]) == counts(expected["usage"])


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_a_stream_cut_anywhere_is_the_same_stream(case, line_end):
    check_cuts((case / "stream.sse").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end))


@pytest.mark.parametrize("case", [c for c in CASES if c not in STREAMS], ids=lambda case: case.name)
def test_an_answer_is_read_to_the_token_or_is_the_right_error(case):
    headers, content = load(case, "headers.json"), (case / "response.json").read_bytes()
    if headers["status"] != 200:
        found = adapter_of(case).failure(headers["status"], headers["response_headers"], content)
        assert isinstance(found, ProviderError)
        assert found.status == headers["status"]
        assert found.message != "the provider gave no reason"
        return

    answer, sent = adapter_of(case).parse_answer(content), json.loads(content)

    assert counted(answer.usage) == counts(sent["usage"])
    assert answer.finish_reason == (sent["choices"][0].get("finish_reason") or "")
    assert {name: json.loads(bytes(value)) for name, value in answer.body.items()} == sent


def test_reported_costs_are_those_in_the_recordings_to_the_last_digit():
    checked = 0
    for case in CASES:
        sent = load(case, "response.json")
        usage = sent.get("usage") if isinstance(sent, dict) else None
        if case.parent.name == "openrouter-chat" and usage and "cost" in usage:
            parts = [str(usage["cost"])]
            if usage.get("is_byok"):
                parts.append(str(usage["cost_details"]["upstream_inference_cost"]))
            answer = adapter_of(case).parse_answer((case / "response.json").read_bytes())
            assert answer.usage.reported_cost == sum(map(Decimal, parts)), case.name
            checked += 1

    assert checked >= 12


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai-429-insufficient-quota", CredentialRefused),
        ("openai-429-tpm", TooLargeForLimit),
        ("openrouter-402-max-tokens", TargetMisconfigured),
        ("openrouter-404-no-endpoints-tools", TargetMisconfigured),
    ],
)
def test_errors_that_people_quoted_are_told_apart(name, kind):
    case = RECORDINGS / "errors_quoted" / name
    headers = load(case, "headers.json")

    found = adapter_for("openai", "chat").failure(
        headers["status"], headers["response_headers"], (case / "response.json").read_bytes()
    )

    assert type(found) is kind
    assert found.message.startswith(load(case, "response.json")["error"]["message"][:60])


@pytest.mark.parametrize("name", ["vercel-azure-model-router.1-stream", "vercel-deepseek-tool-call-stream"])
def test_odd_streams_of_compatible_servers_end_well(name):
    case = RECORDINGS / "quirks" / name

    found = [event for event in events(case, 61) if event.kind in {"finish", "done", "error"}]

    assert found[0].kind == "finish"
    assert "error" not in {event.kind for event in found}
