"""What a provider lists: searched, paged, beside what of it is offered already."""

from __future__ import annotations

import pytest

from catalog.models import CatalogEntry
from catalog.proposal import proposals
from llmhub.lib import clock
from providers.models import ListedModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(lab, offer):
    """A list of 60 models at the lab; one of them is offered."""
    rows = [ListedModel(provider=lab, upstream_id=f"m-{n:02}", context_tokens=n * 1000) for n in range(1, 60)]
    ListedModel.objects.bulk_create([*rows, ListedModel(provider=lab, upstream_id="small-1", name="Small")])
    type(lab).objects.update(listed_at=clock.now())
    return lab


def test_a_screen_of_the_list_says_what_is_offered_in_a_fixed_number_of_queries(
    signed_in, listed, swap, django_assert_num_queries
):
    client = signed_in("admin")

    # session, person, provider, list, offers; of what the catalog knows: offers, entries; count; zone
    with django_assert_num_queries(9):
        part = client.get("/providers/lab/listed/", headers=swap).text

    assert part.count("Add</a>") == 25
    assert "60 models" in part
    assert "?cursor=m-25" in part


def test_the_last_page_holds_the_offered_one_with_its_id(signed_in, listed, swap):
    part = signed_in("viewer").get("/providers/lab/listed/?cursor=m-50", headers=swap).text

    assert 'href="/models/acme/small-1/"' in part
    assert part.count("not offered") == 9
    assert "Add</a>" not in part


@pytest.mark.parametrize(
    ("query", "count"), [("small", 1), ("SMALL 1", 1), ("m-5", 10), ("%", 0), ("nothing", 0)]
)
def test_it_is_searched_by_every_word(signed_in, listed, swap, query, count):
    part = signed_in("viewer").get("/providers/lab/listed/", {"q": query}, headers=swap).text

    assert part.count("<tr>") - bool(count) == count
    assert ("Nothing in its list holds" in part) == (count == 0)


def test_without_a_list_it_says_how_to_get_one(signed_in, lab, swap):
    part = signed_in("admin").get("/providers/lab/listed/", headers=swap).text

    assert "No check got its list of models yet" in part


def test_adding_one_that_the_catalog_knows_proposes_its_id_and_price(signed_in, listed, offer):
    offer.provider = type(listed).objects.create(
        slug="other", name="Other", kind="custom", dialect="chat", base_url="http://127.0.0.1:8/v1"
    )
    offer.save()

    form = signed_in("admin").get("/providers/lab/models/add/?upstream_id=small-1").context["form"]

    assert form["slug"].value() == "acme/small-1"
    assert str(form["input"].value()) == "0.0375"


def test_one_that_two_entries_could_be_is_not_guessed(offer):
    CatalogEntry.objects.create(slug="other/small-1", name="Other")

    found = proposals("openai", ["small-1", "acme/small-1", "unheard-of"], clock.now())

    assert {id_: each.slug for id_, each in found.items()} == {"acme/small-1": "acme/small-1"}
    assert found["acme/small-1"].price_of == "Lab"


def test_an_offer_of_the_same_kind_counts_first(offer, django_assert_num_queries):
    CatalogEntry.objects.create(slug="small-1", name="Decoy")

    with django_assert_num_queries(2):
        found = proposals("custom", ["small-1"], clock.now())["small-1"]

    assert (found.slug, found.is_same_provider) == ("acme/small-1", True)
