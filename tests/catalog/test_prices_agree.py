"""Every bundled price against an independent price library, meter by meter and at the edge of each tier."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest

from catalog import seed
from catalog.pricing import cost_usd, price_for
from providers.wire import Usage
from tests.catalog.bundle import price_values

CHECKED = datetime(2026, 11, 10, tzinfo=UTC)  # the day of the bundled prices
METERS = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
OFFERS = {(entry.slug, offer.provider): offer for entry in seed.bundled() for offer in entry.offers}

ROUTED_1H = "the library has no one-hour price here and takes the five-minute one; OpenRouter lists 2 x input"
# (model, provider, meter) → why we differ; a row that no longer differs fails too.
DIFFERENCES = {
    (f"anthropic/claude-{name}", "openrouter", "cache_write_1h"): ROUTED_1H
    for name in (
        "fable-5", "fable-5.1", "haiku-4.5", "opus-4.5", "opus-4.6", "opus-4.7", "opus-4.8", "opus-5",
        "opus-5.5", "sonnet-4.5", "sonnet-4.6", "sonnet-5", "sonnet-5.5",
    )
}  # fmt: skip


def usage(meter, size):
    """A call of `size` input tokens that is almost all of one meter."""
    most = size - 10
    return {
        "input": Usage(input_tokens=size),
        "output": Usage(input_tokens=size, output_tokens=777),
        "cache_read": Usage(input_tokens=size, cache_read_tokens=most),
        "cache_write": Usage(input_tokens=size, cache_write_tokens=most),
        "cache_write_1h": Usage(input_tokens=size, cache_write_tokens=most, cache_write_1h_tokens=most),
    }[meter]


def theirs(offer, used):
    meters = genai_prices.Usage(
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cache_read_tokens=used.cache_read_tokens,
        cache_write_tokens=used.cache_write_tokens,
        **({"cache_write_1h_tokens": used.cache_write_1h_tokens} if used.cache_write_1h_tokens else {}),
    )
    priced = genai_prices.calc_price(
        meters, offer.upstream_id, provider_id=offer.provider, genai_request_timestamp=CHECKED
    )
    return priced.total_price


def ours(offer, used, *, wrong_by=Decimal(0)):
    price = price_for(price_values(offer), input_tokens=used.input_tokens, at=CHECKED)
    return cost_usd(used, price) + wrong_by


def differing_meters(offer, **kwargs):
    edges = {
        size for tier in offer.tiers[1:] for size in (tier.above_input_tokens, tier.above_input_tokens + 1)
    }
    return {
        meter
        for meter in METERS
        for size in {1000, *edges}
        if ours(offer, usage(meter, size), **kwargs) != theirs(offer, usage(meter, size))
    }


@pytest.mark.parametrize("key", OFFERS, ids=" at ".join)
def test_every_price_is_that_of_the_library_or_the_difference_is_explained(key):
    explained = {meter for slug, provider, meter in DIFFERENCES if (slug, provider) == key}

    assert differing_meters(OFFERS[key]) == explained


def test_every_explanation_is_of_an_offer_that_is_there():
    assert {(slug, provider) for slug, provider, _ in DIFFERENCES} <= set(OFFERS)


def test_a_wrong_price_would_be_seen():
    offer = OFFERS["openai/gpt-5.5", "openai"]

    assert differing_meters(offer, wrong_by=Decimal("0.000000001")) == set(METERS)
