"""The bundled catalog itself: complete, sourced, and true to the rules of its providers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from catalog import seed
from providers.adapters import KINDS
from providers.adapters.claude_ids import NEWEST, terms_of
from providers.rates import faults

ENTRIES = {entry.slug: entry for entry in seed.bundled()}
OFFERS = [(entry.slug, offer) for entry in ENTRIES.values() for offer in entry.offers]
# From Claude 5.1 on, a cache read costs less than a tenth of the input.
READS = {
    "anthropic/claude-fable-5.1": "0.025",
    "anthropic/claude-fable-5.2": "0.025",
    "anthropic/claude-opus-5.5": "0.05",
    "anthropic/claude-sonnet-5.5": "0.05",
}


def test_it_holds_enough_models_of_every_provider():
    def offered_at(provider):
        return {slug for slug, offer in OFFERS if offer.provider == provider}

    assert len(ENTRIES) >= 60
    assert len(offered_at("openai")) >= 20
    assert len(offered_at("anthropic")) >= 12
    others = {slug for slug in offered_at("openrouter") if slug.split("/")[0] not in {"openai", "anthropic"}}
    assert len(others) >= 15


def test_every_fact_and_price_names_its_source_and_its_day():
    assert all(entry.facts_source.startswith("https://") for entry in ENTRIES.values())
    assert all(offer.source.startswith("https://") and offer.checked_on for _, offer in OFFERS)


def test_offers_stand_at_built_in_providers_and_each_id_once():
    assert {offer.provider for _, offer in OFFERS} <= {name for name, kind in KINDS.items() if kind.base_url}
    ids = [(offer.provider, offer.upstream_id) for _, offer in OFFERS]
    assert len(ids) == len(set(ids))


def test_variants_for_batches_and_free_ones_are_left_out():
    assert not [offer.upstream_id for _, offer in OFFERS if ":" in offer.upstream_id]


def test_the_direct_offer_is_tried_before_the_one_at_a_router():
    for entry in ENTRIES.values():
        if len(entry.offers) > 1:
            assert min(entry.offers, key=lambda offer: offer.rank).provider != "openrouter"


def test_no_price_is_zero_by_accident():
    free = {(slug, offer.provider) for slug, offer in OFFERS if not all(tier.input for tier in offer.tiers)}
    silent = {slug for slug, offer in OFFERS if not all(tier.output for tier in offer.tiers)}

    assert not free
    assert silent == {"openai/text-embedding-3-small", "openai/text-embedding-3-large"}


def test_tiers_fit_together_and_cost_more():
    for slug, offer in OFFERS:
        assert not faults(offer.tiers), slug
        prices = [tier.input for tier in offer.tiers]
        assert prices == sorted(set(prices)), slug


@pytest.mark.parametrize("slug", [slug for slug in ENTRIES if slug.startswith("anthropic/")])
def test_anthropic_cache_prices_are_their_multiples_of_the_input(slug):
    for offer in ENTRIES[slug].offers:
        for tier in offer.tiers:
            assert tier.cache_write == tier.input * Decimal("1.25")
            assert tier.cache_write_1h == tier.input * 2
            assert tier.cache_read == tier.input * Decimal(READS.get(slug, "0.1"))


@pytest.mark.parametrize(
    "slug",
    ["openai/gpt-5.4", "openai/gpt-5.5", "openai/gpt-5.6-sol", "openai/gpt-6-astra", "openai/gpt-6.1-sol"],
)
def test_openai_long_context_costs_twice_the_input_and_one_and_a_half_the_output(slug):
    for offer in ENTRIES[slug].offers:
        base, long = offer.tiers
        assert long.above_input_tokens == 272_000
        assert (long.input, long.output) == (base.input * 2, base.output * Decimal("1.5"))


def test_a_deprecated_model_is_dated_before_its_end():
    for entry in ENTRIES.values():
        if entry.deprecated_on:
            assert entry.sunset_on
            assert entry.released_on < entry.deprecated_on < entry.sunset_on


def test_dates_are_in_order():
    for entry in ENTRIES.values():
        assert entry.released_on, entry.slug
        assert entry.knowledge_on is None or entry.knowledge_on <= entry.released_on, entry.slug
        assert all(offer.since >= entry.released_on for offer in entry.offers), entry.slug
        assert all(offer.since <= offer.checked_on for offer in entry.offers), entry.slug


def test_capabilities_agree_with_modalities_and_prices():
    pairs = {"vision": "image", "documents": "document", "audio_in": "audio"}
    for entry in ENTRIES.values():
        for capability, modality in pairs.items():
            assert (capability in entry.capabilities) == (modality in entry.input_modalities), entry.slug
        cached = any(tier.cache_read is not None for offer in entry.offers for tier in offer.tiers)
        assert ("caching" in entry.capabilities) == cached, entry.slug


def test_every_parameter_names_its_source():
    stated = [each for entry in ENTRIES.values() for each in entry.parameters.values()]

    assert len(stated) > 600
    assert all(each["source"].startswith("https://") for each in stated)


def test_the_parameters_of_claude_are_those_its_adapter_takes():
    """A model that takes no sampling has its two numbers at 1, as the translator reads them."""
    for slug, offer in OFFERS:
        if offer.provider == "anthropic":
            stated, terms = ENTRIES[slug].parameters, terms_of(offer.upstream_id, otherwise=NEWEST)
            assert (stated["temperature"]["min"], stated["temperature"]["max"]) == (
                0 if terms.sampling else 1,
                1,
            )
            assert ("top_k" in stated) == terms.top_k, slug


def test_reasoning_models_of_openai_are_not_said_to_sample_or_to_take_the_older_limit():
    for slug, offer in OFFERS:
        entry = ENTRIES[slug]
        if offer.provider == "openai" and "reasoning" in entry.capabilities and entry.parameters:
            assert not entry.parameters.keys() & {"temperature", "top_p", "max_tokens"}, slug
            assert "max_completion_tokens" in entry.parameters, slug


def test_every_model_says_its_parameters_but_those_that_are_newer_than_any_list_that_was_read():
    silent = [entry for entry in ENTRIES.values() if not entry.parameters]

    assert all(entry.released_on > date(2026, 7, 30) for entry in silent), silent
    assert ENTRIES["openai/text-embedding-3-small"].parameters["dimensions"]["min"] == 1
