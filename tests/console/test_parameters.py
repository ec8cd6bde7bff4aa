"""What a model's page says of its parameters, and the body that is checked there."""

from __future__ import annotations

import pytest

from catalog.entry import update_entry
from catalog.models import CatalogEntry, Offer
from catalog.offer import add_offer
from llmhub.audit.actor import COMMAND_LINE
from providers.models import ListedModel
from providers.provider import create_provider
from tests.console.html import blocked

pytestmark = pytest.mark.django_db
URL = "/model/parameters/acme/small-1/"
STATED = {
    "temperature": {
        "type": "number",
        "min": 0,
        "max": 1,
        "default": 0.7,
        "excludes": ["seed"],
        "source": "https://docs.acme.example/api",
    },
    "seed": {"type": "integer"},
    "max_tokens": {"type": "integer", "min": 1},
}


@pytest.fixture
def stated(offer):
    entry = CatalogEntry.objects.get(slug="acme/small-1")
    return update_entry(actor=COMMAND_LINE, entry=entry, parameters=STATED, output_limit_tokens=8000)


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_page_of_a_model_lists_its_parameters(signed_in, stated):
    page = words(signed_in("viewer").get("/models/acme/small-1/").text)

    assert "number from 0 to 1" in page
    assert "0.7 if not given" in page
    assert "not with seed" in page
    assert '<a href="https://docs.acme.example/api" rel="noreferrer"' in page
    assert "docs.acme.example</a>" in page
    assert not blocked(page)


def test_it_says_which_offers_take_each(signed_in, stated):
    def offered_at(slug: str, **more: str) -> Offer:
        provider = create_provider(
            actor=COMMAND_LINE, slug=slug, name=slug.title(), base_url="http://127.0.0.1:9/v1", **more
        )
        return add_offer(actor=COMMAND_LINE, entry=stated, provider=provider, upstream_id="small/1")

    offered_at("tells", kind="custom", dialect="messages")
    listing = offered_at("lists", kind="openrouter")
    row = {"id": "small/1", "supported_parameters": ["temperature", "max_completion_tokens"]}
    ListedModel.objects.create(provider=listing.provider, upstream_id="small/1", raw=row)

    page = words(signed_in("viewer").get("/models/acme/small-1/").text)

    assert page.count("Tells, Lists </td>") == 2  # temperature, and the output limit by its other name
    assert page.count("not Tells or Lists </td>") == 1  # seed
    assert "Which of them Lab takes is not known" in page


def test_where_nothing_is_stated_it_says_what_to_do(signed_in, offer):
    page = signed_in("viewer").get("/models/acme/small-1/").text

    assert "Nothing is stated" in page
    assert "llmhub.toml or by PATCH /api/v1/models" in page
    assert "only its output limit was looked at" in signed_in("viewer").post(URL, {"body": '{"a": 1}'}).text


def test_a_body_is_checked_on_a_page_of_its_own_and_put_right(signed_in, stated):
    body = '{"temperature": 3, "max_tokens": 9000, "frob": 1}'

    answer = signed_in("viewer").post(URL, {"body": body})

    page = words(answer.text)
    assert answer.status_code == 200
    assert "temperature is 3: it must be from 0 to 1. The nearest is 1." in page
    assert "the model writes at most 8000 tokens" in page
    assert "{ &quot;temperature&quot;: 1, &quot;max_tokens&quot;: 8000 }" in page
    assert "frob&quot;: 1}</textarea>" in page
    assert not blocked(answer.text)


def test_htmx_gets_only_what_was_found(signed_in, stated):
    answer = signed_in("viewer").post(URL, {"body": '{"seed": 1}'}, headers={"HX-Request": "true"})

    assert "Every parameter fits" in answer.text
    assert "<table" not in answer.text
    assert answer.text.lstrip().startswith('<div id="parameter-result"')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "Write the parameters first"),
        ("{", "This is no JSON: line 1, column 2"),
        ("[1]", "This is no object"),
        ("[" * 9000, "nested too deeply"),
        ('{"temperature": NaN}', "NaN is no number"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_no_body_is_said_once(signed_in, stated, body, said, htmx):
    headers = {"HX-Request": "true"} if htmx else {}

    answer = signed_in("viewer").post(URL, {"body": body}, headers=headers)

    assert answer.status_code == 422
    assert answer.text.count(said) == 1


def test_a_model_that_is_not_there_is_not_found(signed_in):
    assert signed_in("viewer").get("/model/parameters/acme/none/").status_code == 404
