"""The page of aliases: where a name goes, and what would change."""

from __future__ import annotations

import pytest
from django.utils.html import strip_tags

from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import Alias
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


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
    page = signed_in("viewer").get("/aliases/").text

    assert "No aliases yet" in page
    assert "Add an alias" not in page


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


def test_an_alias_is_made_on_the_list_and_a_wrong_one_says_why(signed_in, offer):
    client = signed_in("admin")
    assert '<option value="acme/small-1">' in client.get("/aliases/").text

    wrong = client.post("/aliases/new/", {"name": "quick", "model": "acme/smal-1"})
    taken = client.post("/aliases/new/", {"name": "acme/small-1", "model": "acme/small-1"})
    made = client.post("/aliases/new/", {"name": "quick", "model": "acme/small-1"}, follow=True)

    assert (wrong.status_code, "did you mean acme/small-1?" in wrong.text) == (422, True)
    assert (taken.status_code, Alias.objects.filter(pk="acme/small-1").exists()) == (422, False)
    assert "quick now stands for acme/small-1" in made.text
    assert Alias.objects.get().pk == "quick"


def test_who_uses_an_alias_are_the_keys_that_asked_for_it(signed_in, fast):
    team = rows.team()
    for name, asked in (("bot", "fast"), ("cheap", "fast:floor"), ("direct", "acme/small-1")):
        key = rows.key(team, name)
        rows.usage(
            clock.now(),
            key_id=key.pk,
            team_id=team.pk,
            entry_id=fast.entry_id,
            requested=asked,
            cost_nano=10**9,
        )

    page = signed_in("viewer").get("/aliases/callers/fast/").text

    assert [name for name in ("bot", "cheap", "direct") if f">{name}</a>" in page] == ["bot", "cheap"]
    said = strip_tags(signed_in("viewer").get("/aliases/callers/fast/", headers=HTMX).text)
    assert "1 call, $1.00" in said
    assert 'hx-get="/aliases/callers/fast/"' in signed_in("viewer").get("/aliases/").text
    stranger = signed_in("member")
    assert ">bot</a>" not in stranger.get("/aliases/callers/fast/").text


def test_programs_read_who_called_a_model_or_by_an_alias(api_as, fast):
    key = rows.key(rows.team())
    for asked in ("fast", "acme/small-1"):
        rows.usage(
            clock.now(), key_id=key.pk, team_id=key.team_id, entry_id=fast.entry_id, requested=asked,
            cost_nano=1500,
        )  # fmt: skip
    api = api_as("viewer")
    bot = {"key": key.pk, "name": "bot", "team": "support"}

    assert api.get("/callers?alias=fast").json()["data"] == [{**bot, "requests": 1, "spend": "0.0000015"}]
    assert api.get("/callers?model=acme/small-1").json()["data"] == [
        {**bot, "requests": 2, "spend": "0.000003"}
    ]
    assert api.get("/callers?model=a&alias=b").status_code == 422
    assert api.get("/callers?alias=fats").status_code == 404


def test_a_viewer_moves_nothing(signed_in, fast):
    answer = signed_in("viewer").post("/aliases/move/", {"name": "fast", "model": "other/big"})

    assert answer.status_code == 403
    assert Alias.objects.get().entry.slug == "acme/small-1"
