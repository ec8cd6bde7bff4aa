"""What recorded calls cost, by our prices: against an independent library and against the bill itself.

Every difference belongs to a class with a reason, and each class occurs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from msgspec.structs import replace

from catalog import seed
from catalog.pricing import cost_of, cost_usd, price_for
from llmhub.lib import money
from providers.adapters import adapter_for
from providers.adapters.messages_usage import usage_of as messages_usage
from providers.sse import SseReader
from providers.wire import Usage
from tests.catalog.bundle import price_values
from tests.fixtures.simulator import RECORDINGS

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "usages").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

AT = datetime(2026, 11, 23, tzinfo=UTC)
OFFERS = {(offer.provider, offer.upstream_id): offer for entry in seed.bundled() for offer in entry.offers}
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")  # claude-sonnet-4-5-20250929 is claude-sonnet-4-5
MOVING = {"openai/gpt-oss-120b"}  # open weights: the price is that of the cheapest host of the day


def offer_of(provider, model):
    return OFFERS.get((provider, model)) or OFFERS.get((provider, DATED.sub("", model)))


# --- against the library, on usages that it read from recordings ------------------------------


def library_rows():
    for row in json.loads((RECORDINGS / "usages" / "genai-prices-usages.json").read_text()):
        for reading in row["extracted"]:
            for read in reading["extractors"]:
                offer = offer_of(read["provider_id"], row["model"])
                if offer and "input_price" in read:
                    price = Decimal(read["input_price"]) + Decimal(read.get("output_price", 0))
                    yield offer, reading["usage"], price


def usage_of(read):
    names = (
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
    )
    return Usage(**{name: read.get(name, 0) for name in names})


def test_recorded_usages_cost_what_an_independent_library_says():
    outcomes = Counter()
    for offer, read, theirs in library_rows():
        usage = usage_of(read)
        price = price_for(price_values(offer), input_tokens=usage.input_tokens, at=AT)
        equal = money.to_nano(cost_usd(usage, price)) == money.to_nano(theirs)
        outcomes["equal" if equal else "moving" if offer.upstream_id in MOVING else offer.upstream_id] += 1

    assert outcomes["equal"] >= 300
    assert set(outcomes) == {"equal", "moving"}, outcomes


# --- against the library, on the usages as they were sent -----------------------------------------

READ = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
    "web_searches": "web_searches",
}  # of the library, and of ours


def as_sent():
    """Each usage of a dialect that llmhub speaks, and what the library's readers of it make of it."""
    for row in json.loads((RECORDINGS / "usages" / "genai-prices-usages.json").read_text()):
        sent = row["body"].get("usage") or {}
        is_chat = "prompt_tokens" in sent
        if not is_chat and ("input_tokens" not in sent or "input_tokens_details" in sent):
            continue  # of another dialect
        flavor = "chat" if "completion_tokens" in sent else "embeddings"
        theirs = [
            {name: count for name, count in reading["usage"].items() if name in READ and count}
            for reading in row["extracted"]
            for by in reading["extractors"]
            if (by["api_flavor"] in (flavor, "default") if is_chat else by["provider_id"] == "anthropic")
        ]
        yield sent, is_chat, theirs


def read_by_us(sent, *, is_chat):
    if not is_chat:
        return messages_usage(sent)
    adapter = adapter_for("openrouter" if "cost" in sent else "custom", "chat")
    return (
        adapter.usage({"usage": sent})
        if "completion_tokens" in sent
        else adapter.embedding_usage({"usage": sent})
    )


def test_every_recorded_usage_is_read_as_the_library_reads_it():
    outcomes = Counter()
    for sent, is_chat, theirs in as_sent():
        found = read_by_us(sent, is_chat=is_chat)
        ours = {name: count for name, mine in READ.items() if (count := getattr(found, mine))}
        if ours in theirs:
            outcomes["equal"] += 1
        elif sent.get("num_cached_tokens"):  # of Mistral, which the library leaves out
            assert {name: count for name, count in ours.items() if name != "cache_read_tokens"} in theirs
            assert ours["cache_read_tokens"] == sent["num_cached_tokens"]
            outcomes["more is read"] += 1
        else:
            outcomes[json.dumps(sent)] += 1

    assert outcomes["equal"] >= 300
    assert outcomes["more is read"]
    assert set(outcomes) == {"equal", "more is read"}, outcomes


# --- against the library, on whole recorded calls of the chat dialect ------------------------------

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens")


def chat_calls():
    """Each recorded call with a usage: provider, model, the usage as it was sent, and as we read it."""
    for case in sorted(RECORDINGS.glob("cases/*-chat/*")):
        provider = case.parent.name.removeprefix("compat-").removesuffix("-chat")
        if json.loads((case / "headers.json").read_text())["status"] != 200:
            continue
        usage = final_usage(case, "openrouter" if provider == "openrouter" else "custom")
        said = case / ("expected.json" if (case / "stream.sse").exists() else "response.json")
        sent = json.loads(said.read_text()) if said.exists() else {}
        if usage is not None and sent.get("usage"):
            yield case.name, provider, sent["model"], sent["usage"], usage


def read_by_the_library(provider, model, usage):
    """What it reads and what that costs; None where it does not know the provider's way, or the model."""
    sent = {name: value for name, value in usage.items() if value is not None}
    for flavor in ("chat", "default"):
        with suppress(LookupError, ValueError):
            found = genai_prices.extract_usage(
                {"model": model, "usage": sent}, provider_id=provider, api_flavor=flavor
            )
            return found.usage, found.calc_price(genai_request_timestamp=AT).total_price
    return None


def test_recorded_chat_calls_are_counted_and_priced_as_the_library_does():
    outcomes = Counter()
    for name, provider, model, sent, usage in chat_calls():
        theirs = read_by_the_library(provider, model, sent)
        if theirs is None:
            outcomes["unknown there"] += 1
            continue
        for count in COUNTS:
            if count == "cache_read_tokens" and "num_cached_tokens" in sent:
                continue  # which the library leaves out
            assert getattr(usage, count) == (getattr(theirs[0], count, None) or 0), (name, count)
        outcomes["usage"] += 1
        offer = offer_of(provider, model)
        if offer is None or offer.upstream_id in MOVING:
            continue
        price = price_for(price_values(offer), input_tokens=usage.input_tokens, at=AT)
        ours = money.to_nano(cost_usd(usage, price))
        outcomes["equal" if ours == money.to_nano(theirs[1]) else name] += 1

    assert outcomes.pop("usage") >= 40
    assert outcomes.pop("equal") >= 20
    outcomes.pop("unknown there")
    assert not outcomes, outcomes


# --- against the bill: OpenRouter reports what it charged ----------------------------------------


def final_usage(case, kind="openrouter"):
    adapter = adapter_for(kind, "chat")
    if (case / "response.json").exists():
        return adapter.parse_answer((case / "response.json").read_bytes()).usage
    reader = SseReader()
    found = reader.feed((case / "stream.sse").read_bytes()) + reader.close()
    usages = [adapter.parse_event(event.data).usage for event in found]
    return next((usage for usage in reversed(usages) if usage), None)


def billed_calls():
    for case in sorted((RECORDINGS / "cases" / "openrouter-chat").iterdir()):
        if "-err" in case.name:
            continue
        offer = offer_of("openrouter", json.loads((case / "request.json").read_text()).get("model", ""))
        usage = final_usage(case) if offer else None
        if usage and usage.reported_cost:
            yield case, offer, usage


def test_recorded_bills_are_what_the_tokens_cost_by_our_prices():
    outcomes = Counter()
    for case, offer, usage in billed_calls():
        prices = price_values(offer)
        ours = cost_of(replace(usage, reported_cost=None), prices, at=AT).nano
        billed = cost_of(usage, prices, at=AT)
        assert billed.source == "reported"
        assert billed.computed_nano == ours
        outcomes[
            "equal" if ours == billed.nano else "moving" if offer.upstream_id in MOVING else case.name
        ] += 1

    assert outcomes["equal"] >= 14
    assert set(outcomes) == {"equal", "moving"}, outcomes
