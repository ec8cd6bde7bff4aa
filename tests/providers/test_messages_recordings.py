"""The messages dialect on what providers really sent; every behaviour here also has a case of our own."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import msgspec
import pytest

from catalog import seed
from catalog.pricing import cost_usd, price_for
from llmhub.lib import money
from providers.adapters import adapter_for
from providers.errors import (
    CredentialRefused,
    ModelGone,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    TargetMisconfigured,
    TooLargeForLimit,
    TooLong,
)
from providers.sse import SseReader
from providers.wire import Body, Target, Usage
from tests.catalog.bundle import price_values
from tests.fixtures.simulator import RECORDINGS
from tests.providers.cuts import check_cuts

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

messages = adapter_for("anthropic", "messages")
CASES = sorted(RECORDINGS.glob("cases/anthropic-messages/*"))
COUNTS = sorted(RECORDINGS.glob("cases/anthropic-count_tokens/*"))
QUIRKS = sorted(RECORDINGS.glob("quirks/*anthropic*")) + sorted(RECORDINGS.glob("quirks/*message-start*"))
STREAMS = [case for case in [*CASES, *QUIRKS] if (case / "stream.sse").exists()]
WHOLE = [case for case in [*CASES, *QUIRKS] if case not in STREAMS]
AT = datetime(2026, 11, 23, tzinfo=UTC)


def load(case, name):
    return json.loads((case / name).read_text()) if (case / name).exists() else {}


def read(*chunks: bytes) -> list:
    reader, event_reader = SseReader(), messages.event_reader()
    found = [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()
    return [event_reader(event.data) for event in found]


def counted(usage: Usage) -> dict:
    """The usage as the provider writes it."""
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "thinking_tokens": usage.reasoning_tokens,
    }


def reported(usage: dict) -> dict:
    details = usage.get("output_tokens_details") or {}
    names = "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"
    return {name: usage.get(name) or 0 for name in names} | {
        "thinking_tokens": details.get("thinking_tokens") or 0
    }


def test_there_are_recordings_of_every_kind():
    assert len(STREAMS) >= 14
    assert len(WHOLE) >= 20
    assert len(COUNTS) >= 3


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_a_stream_cut_anywhere_is_the_same_stream(case, line_end):
    content = (case / "stream.sse").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
    whole = read(content)

    check_cuts(content)
    for size in (1, 7, 61):
        assert read(*(content[at : at + size] for at in range(0, len(content), size))) == whole


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_a_stream_is_read_as_the_sdk_reads_it(case):
    events, expected = read((case / "stream.sse").read_bytes()), load(case, "expected.json")
    kinds = Counter(event.kind for event in events)

    assert events[-1].kind == "done"
    assert kinds["finish"] == kinds["done"] == 1
    assert kinds["error"] == 0
    assert next(event.finish_reason for event in events if event.finished) == expected["stop_reason"]
    assert {event.upstream_id for event in events} - {""} == {expected["id"]}
    assert [event.model for event in events if event.model][-1] == expected["model"]
    assert counted([event.usage for event in events if event.usage][-1]) == reported(expected["usage"])
    text = "".join(event.text for event in events)
    for block in expected["blocks"]:
        assert (block.get("text") or block.get("thinking") or block.get("name") or "") in text


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
def test_an_answer_is_read_to_the_token_or_is_the_right_error(case):
    headers, content = load(case, "headers.json"), (case / "response.json").read_bytes()
    sent = json.loads(content)
    if headers["status"] != 200:
        found = messages.failure(headers["status"], headers["response_headers"], content)
        kinds = {400: TooLong, 401: CredentialRefused, 404: ModelGone}
        assert type(found) is kinds[headers["status"]]
        assert found.message != "the provider gave no reason"
        return

    answer = messages.parse_answer(content)

    assert counted(answer.usage) == reported(sent["usage"])
    assert (answer.model, answer.upstream_id) == (sent["model"], sent["id"])
    assert answer.finish_reason == sent["stop_reason"]
    assert {name: json.loads(bytes(value)) for name, value in answer.body.items()} == sent
    assert answer.text_bytes >= len(json.dumps(sent["content"], separators=(",", ":"), ensure_ascii=False))


@pytest.mark.parametrize("case", COUNTS, ids=lambda case: case.name)
def test_a_count_is_read_or_is_the_right_error(case):
    headers, content = load(case, "headers.json"), (case / "response.json").read_bytes()
    if headers["status"] == 404:
        assert type(messages.failure(404, headers["response_headers"], content)) is ModelGone
    else:
        assert messages.parse_count(content) == json.loads(content)["input_tokens"]


@pytest.mark.parametrize("case", [*CASES, *COUNTS], ids=lambda case: case.name)
def test_a_recorded_request_is_sent_as_it_was(case):
    request = load(case, "request.json")
    body, target = msgspec.json.decode(json.dumps(request), type=Body), Target("https://x", request["model"])

    call = (
        messages.count_call(target, body)
        if case in COUNTS
        else messages.generate_call(target, body, stream=request.get("stream", False))
    )

    assert json.loads(call.content) == request


# --- what it costs, by an independent library -----------------------------------------------------


LIBRARY_READS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
OURS = {
    offer.upstream_id: offer
    for entry in seed.bundled()
    for offer in entry.offers
    if offer.provider == "anthropic"
}


def final_usage(case) -> Usage | None:
    if (case / "stream.sse").exists():
        return [event.usage for event in read((case / "stream.sse").read_bytes()) if event.usage][-1]
    if load(case, "headers.json")["status"] != 200:
        return None
    return messages.parse_answer((case / "response.json").read_bytes()).usage


def price_of_the_library(raw: dict, model: str) -> tuple[Usage, Decimal] | None:
    """What the library reads from the body, and what it costs; None where it knows no price."""
    try:
        extracted = genai_prices.extract_usage({"model": model, "usage": raw}, provider_id="anthropic")
        price = extracted.calc_price(genai_request_timestamp=AT).total_price
    except LookupError:
        return None
    return Usage(**{name: getattr(extracted.usage, name, None) or 0 for name in LIBRARY_READS}), price


def raw_usage(case) -> tuple[str, dict]:
    said = load(case, "expected.json" if (case / "stream.sse").exists() else "response.json")
    return said.get("model", ""), {k: v for k, v in (said.get("usage") or {}).items() if v is not None}


def test_recorded_usages_and_costs_are_those_of_an_independent_library():
    outcomes = Counter()
    for case in [*CASES, *QUIRKS]:
        usage, (model, raw) = final_usage(case), raw_usage(case)
        theirs = price_of_the_library(raw, model) if usage else None
        if theirs is None:
            outcomes["no usage" if usage is None else "unknown there"] += 1
            continue
        assert {name: getattr(usage, name) for name in LIBRARY_READS} == {
            name: getattr(theirs[0], name) for name in LIBRARY_READS
        }, case.name
        outcomes["usage"] += 1
        undated = model.rstrip("0123456789").rstrip("-") if model[-8:].isdecimal() else model
        offer = OURS.get(model) or OURS.get(undated)
        if offer is not None:
            price = price_for(price_values(offer), input_tokens=usage.input_tokens, at=AT)
            assert money.to_nano(cost_usd(usage, price)) == money.to_nano(theirs[1]), case.name
            outcomes["cost"] += 1

    assert outcomes["usage"] >= 30, outcomes
    assert outcomes["cost"] >= 15, outcomes


# --- errors that people quoted --------------------------------------------------------------------

QUOTED = {
    "anthropic-400-credit-balance": CredentialRefused,
    "anthropic-429-input-tokens": RateLimited,
    "anthropic-529-overloaded": ProviderUnavailable,
    "openai-429-insufficient-quota": CredentialRefused,
    "openai-429-tpm": TooLargeForLimit,
    "openrouter-402-max-tokens": TargetMisconfigured,
    "openrouter-404-no-endpoints-tools": TargetMisconfigured,
}


def test_every_quoted_error_has_its_class():
    assert {case.name for case in RECORDINGS.glob("errors_quoted/*")} == set(QUOTED)


@pytest.mark.parametrize("name", QUOTED)
@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_a_quoted_error_means_the_same_in_either_dialect(name, dialect):
    case = RECORDINGS / "errors_quoted" / name
    headers, content = load(case, "headers.json"), (case / "response.json").read_bytes()

    found = adapter_for("custom", dialect).failure(headers["status"], headers["response_headers"], content)

    assert isinstance(found, ProviderError)
    assert type(found) is QUOTED[name]
    assert found.message.startswith(json.loads(content)["error"]["message"][:60])
