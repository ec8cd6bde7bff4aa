"""Without internet the discovered pool is the price library's list, and says so."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version

import pytest

from catalog import bundled_list
from catalog.discovery_models import DiscoveryRun
from catalog.entry import create_entry
from catalog.models import Alias, CatalogEntry, Offer, PublicName
from catalog.seed import seed
from llmhub.audit.actor import COMMAND_LINE
from providers.models import Provider

pytestmark = pytest.mark.django_db


def test_the_day_of_the_installed_list_is_known():
    assert version("genai-prices") in bundled_list.DATED


def test_a_new_hub_finds_models_without_internet():
    seed()

    added = bundled_list.fill()

    run = DiscoveryRun.objects.filter(provider__kind="openrouter").get()
    entry = CatalogEntry.objects.get(slug="01-ai/yi-large")
    assert added > 500
    assert (run.trigger, run.outcome) == ("bundled", "first")
    assert str(bundled_list.list_date()) in run.said
    assert entry.source == "discovered"
    assert Offer.objects.filter(entry=entry, provider__kind="openrouter", origin="discovered").exists()
    assert not PublicName.objects.filter(name=entry.slug).exists()
    assert bundled_list.fill() == 0


def test_tiers_of_the_library_are_ours():
    class Tier:
        start, price = 200_000, Decimal(4)

    class Tiered:
        base, tiers = Decimal(2), [Tier()]

    class Price:
        input_mtok, output_mtok, cache_read_mtok, cache_write_mtok = Tiered(), Decimal(9), Decimal(1), None

    base, above = bundled_list._tiers(Price())
    assert (base.input, above.input, above.above_input_tokens) == (2, 4, 200_000)
    assert (base.output, above.output, above.cache_read, above.cache_write) == (9, 9, 1, None)


def test_a_person_who_adds_a_discovered_model_takes_it_in():
    seed()
    bundled_list.fill()

    entry = create_entry(actor=COMMAND_LINE, slug="01-ai/yi-large")

    assert entry.source == "curated"
    assert PublicName.objects.filter(name=entry.slug).exists()
    assert entry.offers.exists()


def test_the_bundled_catalog_takes_a_discovered_model_in_but_not_its_alias():
    Provider.objects.create(
        slug="openrouter", kind="openrouter", name="O", dialect="chat", base_url="https://x.io"
    )
    seeded = {"source": "discovered", "origin": "discovered"}
    CatalogEntry.objects.create(slug="openai/gpt-4o-mini", name="x", **seeded)
    CatalogEntry.objects.create(slug="openai/gpt-4o", name="x", **seeded)
    other = CatalogEntry.objects.create(slug="a/b", name="x")
    name = PublicName.objects.create(name="openai/gpt-4o", kind="alias")
    Alias.objects.create(name=name, entry=other)

    found = seed()

    assert CatalogEntry.objects.get(slug="openai/gpt-4o-mini").source == "curated"
    assert CatalogEntry.objects.get(slug="openai/gpt-4o").source == "discovered"
    assert any("openai/gpt-4o: the name is taken" in line for line in found.skipped)
