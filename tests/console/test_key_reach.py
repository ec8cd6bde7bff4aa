"""Narrowing a key and rotating it, in the console, the API and on the command line."""

from __future__ import annotations

import pytest

from billing.models import ApiKey
from catalog.seed import seed
from llmhub.cli.main import run
from tests.console.test_keys import made

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(team):
    seed()
    return made(team)


def test_a_key_is_narrowed_and_its_page_says_so(signed_in, key):
    client = signed_in("admin")
    form = {"allowed_models": "openai/*\nanthropic/claude-haiku-4.5", "allowed_providers": ["openai"]}

    saved = client.post(f"/keys/{key.pk}/reach/", form, follow=True)

    assert "anthropic/claude-haiku-4.5, openai/*" in saved.text
    key.refresh_from_db()
    assert key.allowed_providers == ["openai"]
    cleared = client.post(f"/keys/{key.pk}/reach/", {"allowed_models": ""}, follow=True)
    assert "every model" in cleared.text


def test_a_name_that_nothing_has_is_told_with_the_nearest(signed_in, key):
    page = signed_in("admin").post(f"/keys/{key.pk}/reach/", {"allowed_models": "anthropic/claude-haiku-45"})

    assert page.status_code == 422
    assert "did you mean" in page.text


def test_what_keeps_a_key_from_a_model_is_said(signed_in, key):
    signed_in("admin").post(f"/keys/{key.pk}/reach/", {"allowed_models": "openai/*"})

    panel = signed_in("viewer").get(f"/keys/{key.pk}/models/", headers={"HX-Request": "true"}).text

    assert "the key may not use it" in panel


def test_a_new_text_is_shown_once_and_the_old_one_can_be_ended(signed_in, key):
    client, before = signed_in("admin"), key.digest

    page = client.post(f"/keys/{key.pk}/rotate/", {"overlap_hours": "48"})

    key.refresh_from_db()
    assert 'value="llmh_' in page.text
    assert (key.old_digest, key.digest != before) == (before, True)
    client.post(f"/keys/{key.pk}/rotate/end/")
    key.refresh_from_db()
    assert key.old_digest is None


@pytest.mark.parametrize("hours", ["-1", "721", "x"])
def test_an_overlap_out_of_range_changes_nothing(signed_in, key, hours):
    page = signed_in("admin").post(f"/keys/{key.pk}/rotate/", {"overlap_hours": hours})

    assert (page.status_code, ApiKey.objects.get().old_digest) == (422, None)


def test_programs_do_the_same(api_as, key):
    api = api_as("admin")

    narrowed = api.put(f"/keys/{key.pk}/reach", models=["openai/*"])
    wrong = api.put(f"/keys/{key.pk}/reach", models=["no/such"])
    rotated = api.post(f"/keys/{key.pk}/rotate", overlap_hours=1)
    models = api.get(f"/keys/{key.pk}/models")
    ended = api.delete(f"/keys/{key.pk}/old-text")

    assert narrowed.json()["allowed_models"] == ["openai/*"]
    assert wrong.status_code == 422
    assert rotated.json()["key"].startswith("llmh_")
    assert "the key may not use it" in {group["why"] for group in models.json()["not_now"]}
    assert ended.status_code == 204
    assert run(["key", "reach", str(key.pk)]) == 0
    key.refresh_from_db()
    assert key.allowed_models == []
