"""Models as providers list them, in our words and units."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from catalog.words import CAPABILITIES, MODALITIES
from providers.adapters import adapter_for
from providers.adapters.openrouter_listing import DROPPED, KEPT, read_listing
from providers.rates import Rates, faults

ROW = {
    "id": "acme/large-1",
    "name": "Acme: Large 1",
    "created": 1_784_652_683,
    "description": "Large.",
    "context_length": 400_000,
    "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
    "pricing": {
        "prompt": "0.00000008333333333333334",
        "completion": "0.000004",
        "input_cache_read": "0.00000001",
        "web_search": "0.01",
        "audio": "0.000001",
        "internal_reasoning": "0",
        "overrides": [{"min_prompt_tokens": 200_000, "prompt": "0.000001", "completion": "0.000006"}],
    },
    "top_provider": {"max_completion_tokens": 32_000, "is_moderated": False},
    "supported_parameters": ["tools", "reasoning", "reasoning_effort", "temperature", "brand_new"],
    "default_parameters": {"temperature": 0.7, "top_p": 0.9},
    "reasoning": {"mandatory": True, "supported_efforts": ["high", "low"], "default_effort": "low"},
    "knowledge_cutoff": "2026-02-16",
    "expiration_date": "2026-12-31",
}


FEE = Decimal("0.01")


def test_a_row_is_read_in_our_words_and_units():
    listing = read_listing(ROW)

    assert (listing.upstream_id, listing.name) == ("acme/large-1", "Acme: Large 1")
    assert (listing.context_tokens, listing.output_limit_tokens) == (400_000, 32_000)
    assert listing.input_modalities == ("text", "image", "document")
    assert listing.capabilities == ("caching", "documents", "reasoning", "stream", "tools", "vision")
    assert listing.tiers == (
        Rates(Decimal("0.08333333333333334"), Decimal(4), cache_read=Decimal("0.01"), web_search=FEE),
        Rates(Decimal(1), Decimal(6), cache_read=Decimal("0.01"), web_search=FEE, above_input_tokens=200_000),
    )
    assert listing.meters == {"audio": Decimal("0.000001")}
    assert (listing.released_on, listing.knowledge_on) == (date(2026, 7, 21), date(2026, 2, 16))
    assert listing.sunset_on == date(2026, 12, 31)


def test_parameters_are_typed_with_the_models_own_defaults_and_words():
    parameters = read_listing(ROW).parameters

    assert parameters["temperature"] == {"type": "number", "min": 0, "max": 2, "default": 0.7}
    assert parameters["reasoning_effort"]["values"] == ["low", "high"]
    assert parameters["reasoning_effort"]["default"] == "low"
    assert parameters["reasoning"]["mandatory"] is True
    assert parameters["brand_new"] == {"type": "any"}
    assert "top_p" not in parameters  # a default of what it does not take


@pytest.mark.parametrize("price", ["-1", None, "x", "NaN", True])
def test_a_price_that_is_none_is_unknown_and_never_0(price):
    assert read_listing(ROW | {"pricing": {"prompt": price, "completion": "0.1"}}).tiers == ()


@pytest.mark.parametrize(
    "odd",
    [
        {"pricing": [], "architecture": "x", "top_provider": None, "supported_parameters": {"a": 1}},
        {"pricing": {"overrides": [3, {"min_prompt_tokens": "x"}]}, "created": True, "expiration_date": 5},
        {"context_length": -5, "created": 1e300, "knowledge_cutoff": "2098-12-31", "default_parameters": [1]},
        {"architecture": {"input_modalities": [1, None]}, "reasoning": {"supported_efforts": [[]]}},
        {"name": 5, "description": ["x"], "alias_target": "x"},
    ],
)
def test_an_odd_row_is_read_as_saying_less(odd):
    listing = read_listing({"id": "x/y"} | odd)

    assert listing.upstream_id == "x/y"
    assert listing.tiers == ()


def test_hours_that_are_cheaper_do_not_lower_the_bound():
    night = {"utc_start": 100, "utc_end": 400, "prompt": "0.0000001", "completion": "0.000009"}
    row = ROW | {"pricing": {"prompt": "0.000001", "completion": "0.000004", "overrides": [night]}}

    assert read_listing(row).tiers == (Rates(Decimal(1), Decimal(9)),)


def test_the_other_lists_say_what_they_say():
    chat = adapter_for("custom", "chat").parse_models(
        json.dumps({"data": [{"id": "m", "created": 1_784_652_683, "max_model_len": 8192}]}).encode()
    )
    messages = adapter_for("anthropic", "messages").parse_models(
        json.dumps(
            {
                "data": [
                    {"id": "c", "display_name": "C", "max_tokens": 9, "retires_at": "2027-01-02T00:00:00Z"}
                ]
            }
        ).encode()
    )

    assert (chat[0].context_tokens, chat[0].released_on) == (8192, date(2026, 7, 21))
    assert (messages[0].name, messages[0].output_limit_tokens) == ("C", 9)
    assert messages[0].sunset_on == date(2027, 1, 2)


def fields_of(row):
    for field, value in row.items():
        if field in {"architecture", "top_provider", "alias_target"} and isinstance(value, dict):
            yield from (f"{field}.{inner}" for inner in value)
        else:
            yield field


@pytest.mark.recordings
def test_every_field_of_the_real_lists_is_kept_or_dropped_on_purpose(recordings):
    seen = set()
    for path in sorted((recordings / "openrouter_models").glob("20*.json")):
        rows = json.loads(path.read_text())
        for row in rows["data"] if isinstance(rows, dict) else rows:
            seen |= set(fields_of(row))
            listing = read_listing(row)
            assert set(listing.capabilities) <= CAPABILITIES.keys()
            assert {*listing.input_modalities, *listing.output_modalities} <= set(MODALITIES)
            assert not listing.tiers or faults(listing.tiers) == []

    assert seen == KEPT | DROPPED.keys()
