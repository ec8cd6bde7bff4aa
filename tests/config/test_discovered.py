"""What discovery found is taken in by the file, and goes on following its provider's list."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from catalog import discovery
from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer, Origin, PublicName
from catalog.offer import update_offer
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import export, plan
from providers.models import Provider
from tests.config.applying import apply_as_planned

pytestmark = pytest.mark.django_db
HUB = {"kind": "openrouter", "dialect": "chat", "base_url": "https://openrouter.ai/api/v1", "name": "Router"}
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
