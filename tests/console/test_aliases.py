"""The page of aliases: where a name goes, and what would change."""

from __future__ import annotations

import pytest

from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import Alias
from llmhub.audit.actor import COMMAND_LINE

pytestmark = pytest.mark.django_db


@pytest.fixture
def fast(offer):
    create_entry(
        actor=COMMAND_LINE, slug="other/big", name="Big", context_tokens=1_000_000, capabilities=["vision"]
    )
    return add_alias(actor=COMMAND_LINE, name="fast", entry=offer.entry)


def test_the_list_says_what_each_stands_for(signed_in, fast):
    assert "acme/small-1" in signed_in("viewer").get("/aliases/").text
    assert "What would change" not in signed_in("viewer").get("/aliases/").text


def test_nothing_yet_says_what_an_alias_is(signed_in):
    assert "No aliases yet" in signed_in("viewer").get("/aliases/").text


def test_what_would_change_is_shown_before_it_is_done(signed_in, fast):
    client = signed_in("admin")

    page = client.get("/aliases/move/?name=fast&model=other/big").text

    assert "is not known to do" in page
    assert "calls tools" in page
    assert Alias.objects.get().entry.slug == "acme/small-1"

    client.post("/aliases/move/", {"name": "fast", "model": "other/big"})
    assert Alias.objects.get().entry.slug == "other/big"


def test_a_model_that_is_not_there_gets_the_nearest(signed_in, fast):
    answer = signed_in("admin").get("/aliases/move/?name=fast&model=other/bgi")

    assert answer.status_code == 422
    assert "other/big" in answer.text


def test_a_viewer_moves_nothing(signed_in, fast):
    answer = signed_in("viewer").post("/aliases/move/", {"name": "fast", "model": "other/big"})

    assert answer.status_code == 403
    assert Alias.objects.get().entry.slug == "acme/small-1"
