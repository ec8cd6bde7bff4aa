"""What discovery found is taken in by the file, and goes on following its provider's list."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.db import transaction

from catalog import discovery
from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer, Origin, PublicName
from catalog.offer import set_price, update_offer
from catalog.promote import promote
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import export, plan
from providers.models import Provider
from providers.rates import Rates
from tests.config.applying import apply_as_planned

pytestmark = pytest.mark.django_db
HUB = {"kind": "openrouter", "dialect": "chat", "base_url": "https://openrouter.ai/api/v1", "name": "Router"}
RATES = Rates(Decimal(1), Decimal(4))
MODEL = '[models."acme/found"]\nname = "Found"\n'
OFFER = '[models."acme/found".offers.or]\nid = "acme/found"\nrank = 1000\ndiscovered = true\n'


@pytest.fixture
def hub():
    return Provider.objects.create(slug="or", **HUB)


@pytest.fixture
def listed(hub):
    """A function: the provider's list is read, in which the model costs so much."""

    def read(price: str) -> None:
        pricing = {"prompt": price, "completion": "0.000004"}
        rows = [{"id": "acme/found", "name": "Found", "pricing": pricing}]
        discovery.take_file(hub, json.dumps({"data": rows}).encode(), actor=COMMAND_LINE)

    return read


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(text):
        path = tmp_path / "llmhub.toml"
        path.write_text(text)
        return apply_as_planned(path).plan

    return write_and_apply


def price_now() -> Decimal:
    return Offer.objects.get(upstream_id="acme/found").prices.latest("effective_from").input


def test_what_nobody_took_in_is_in_no_file_and_no_alias_can_name_it(listed):
    listed("0.000001")

    text = export().text

    assert "acme/found" not in text
    with pytest.raises(ValueError, match="'acme/found' is no model"):
        plan('[aliases]\nfast = "acme/found"\n')


def test_what_the_list_said_of_a_promoted_model_reaches_a_new_hub(hub, tmp_path):
    row = {
        "id": "acme/found",
        "name": "Found",
        "pricing": {"prompt": "0.000001", "completion": "0.000004", "web_search": "0.01"},
        "supported_parameters": ["temperature", "reasoning", "reasoning_effort", "tool_choice", "brand_new"],
        "default_parameters": {"temperature": 0.7},
        "reasoning": {"mandatory": True, "supported_efforts": ["high", "low"], "default_effort": "low"},
        "alias_target": {"slug": "acme/found-20260101"},
    }
    path = tmp_path / "llmhub.toml"
    with transaction.atomic():
        discovery.take_file(hub, json.dumps({"data": [row]}).encode(), actor=COMMAND_LINE)
        entry = promote(actor=COMMAND_LINE, entry=CatalogEntry.objects.get())
        offer = entry.offers.get()
        set_price(actor=COMMAND_LINE, offer=offer, tiers=[RATES], meters={"web_search": "0.010"})
        there = CatalogEntry.objects.values("parameters", "stands_for").get()
        path.write_text(export().text)
        assert plan(path.read_text()).differences == ()
        transaction.set_rollback(True)

    apply_as_planned(path)

    assert CatalogEntry.objects.values("parameters", "stands_for").get() == there
    assert there["stands_for"] == "acme/found-20260101"
    assert there["parameters"]["reasoning_effort"]["values"] == ["low", "high"]
    assert Offer.objects.get().prices.get().meters == {"web_search": "0.010"}
    assert export().text == path.read_text()


def test_a_model_that_the_file_names_is_taken_into_the_catalog_with_its_offer(listed, apply):
    listed("0.000001")

    apply(MODEL)

    entry = CatalogEntry.objects.get(slug="acme/found")
    assert (entry.source, entry.origin, entry.offers.get().origin) == ("curated", "file", Origin.DISCOVERED)
    assert PublicName.objects.filter(name="acme/found").exists()
    assert OFFER in export().text
    assert apply(MODEL + OFFER).differences == ()


def test_a_price_of_the_list_is_no_difference(listed, apply):
    listed("0.000001")
    apply(MODEL + OFFER)

    listed("0.0000015")

    assert price_now() == Decimal("1.5")
    assert apply(MODEL + OFFER).differences == ()
    assert price_now() == Decimal("1.5")


def test_a_new_hub_gets_the_price_with_its_first_list(listed, apply):
    apply(MODEL + OFFER)
    assert Offer.objects.get().origin == Origin.DISCOVERED

    listed("0.000002")

    assert price_now() == Decimal(2)
    assert apply(MODEL + OFFER).differences == ()


def test_a_rank_that_a_person_gave_is_written_beside_it(listed, apply):
    listed("0.000001")
    create_entry(actor=COMMAND_LINE, slug="acme/found", name="Found")
    offer = Offer.objects.select_related("entry", "provider").get(upstream_id="acme/found")
    update_offer(actor=COMMAND_LINE, offer=offer, rank=5)

    text = export().text

    assert OFFER.replace("1000", "5") in text
    assert apply(text).differences == ()


def test_a_price_in_the_file_counts_instead(listed, apply):
    listed("0.000001")

    apply(MODEL + OFFER.replace("discovered = true\n", 'input = "3"\noutput = "4"\n'))

    listed("0.000002")
    assert price_now() == Decimal(3)
