"""The panel that says what a key can do, without a call."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.key import create_key, pause_key, revoke_key
from billing.models import ApiKey
from catalog.availability import entries_now, offers_with_providers
from catalog.models import CatalogEntry
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people import organisation
from providers.provider import create_provider, pause_provider, remove_provider
from routing.gateway.authenticate import admit, authenticate
from routing.gateway.errors import Refusal
from routing.key_verdict import judge
from routing.load import load_snapshot
from routing.snapshot import Caller, EntryValue, Snapshot

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def key(team):
    return create_key(actor=COMMAND_LINE, team=team, name="bot")


def verdict(signed_in, text: str, **headers: str) -> str:
    page = signed_in("viewer").post("/keys/test/", {"key": text}, headers=headers).text
    return " ".join(page.split())


def test_a_good_key_names_its_team_and_counts_the_models(signed_in, offer, key):
    page = verdict(signed_in, key[1])

    assert "The key works" in page
    assert "Key “bot” of team support: <strong>1</strong> of 1 models can be called now." in page


def test_models_that_cannot_be_called_stand_with_their_reason(signed_in, offer, key, lab):
    pause_provider(actor=COMMAND_LINE, provider=lab, reason="moving house")

    page = verdict(signed_in, key[1])

    assert "The key is good, but no model can be called" in page
    assert "1 cannot: lab paused (moving house)" in page
    assert "acme/small-1" in page


def test_htmx_swaps_only_the_verdict(signed_in, key, swap):
    page = verdict(signed_in, key[1], **swap)

    assert page.startswith('<div id="key-verdict"')
    assert "<html" not in page


@pytest.mark.parametrize("text", ["llmh_unknown", "", "x" * 5000])
def test_what_is_no_key_in_force_is_said_so(signed_in, text):
    response = signed_in("viewer").post("/keys/test/", {"key": text})

    assert response.status_code == (200 if text == "llmh_unknown" else 422)
    assert "Calls are refused" in response.text


@pytest.mark.parametrize("way", ["revoked", "paused", "expired", "everything paused"])
def test_a_key_that_is_refused_says_why(signed_in, key, way):
    if way == "revoked":
        revoke_key(actor=COMMAND_LINE, key=key[0])
    elif way == "paused":
        pause_key(actor=COMMAND_LINE, key=key[0], reason="leaked?")
    elif way == "expired":
        ApiKey.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    else:
        organisation.pause(actor=COMMAND_LINE, reason="cost spike")

    page = verdict(signed_in, key[1])

    assert "Calls are refused" in page
    said = {"revoked": "was revoked", "paused": "paused: leaked?", "expired": "expired at"}
    assert said.get(way, "All calls are paused: cost spike") in page


def test_the_key_is_never_given_back_and_never_stored_by_a_cache(signed_in, key):
    response = signed_in("viewer").post("/keys/test/", {"key": key[1]})

    assert key[1] not in response.text
    assert "no-store" in response["Cache-Control"]


def test_a_key_that_has_just_expired_is_refused_at_that_moment():
    caller = Caller(key_id=1, key_name="bot", team_id=1, team_slug="a", expires_at=NOW)
    snapshot = Snapshot(version=1, keys={"d": caller})

    assert judge(snapshot, "d", now=NOW - timedelta(microseconds=1)).problem == ""
    assert judge(snapshot, "d", now=NOW).problem.endswith("expired at 2026-11-23 12:00 UTC. Make a new one.")


@pytest.mark.parametrize("way", ["unknown", "expired", "paused", "everything paused", "well"])
def test_what_it_says_is_what_the_gateway_says(way):
    caller = Caller(
        key_id=1, key_name="bot", team_id=1, team_slug="a",
        expires_at=NOW if way == "expired" else None, paused_reason="leaked?" if way == "paused" else "",
    )  # fmt: skip
    reason = "cost spike" if way == "everything paused" else ""
    snapshot = Snapshot(version=1, keys={"d": caller}, paused_reason=reason)
    digest = "other" if way == "unknown" else "d"

    problem = judge(snapshot, digest, now=NOW).problem

    if way == "well":
        admit(snapshot, authenticate(snapshot, digest, now=NOW))
        assert problem == ""
    else:
        with pytest.raises(Refusal) as caught:
            admit(snapshot, authenticate(snapshot, digest, now=NOW))
        assert problem.startswith(caught.value.message)


def test_reasons_are_grouped_the_most_frequent_first():
    gone = {name: EntryValue(1, name, name, sunset_on=date(2026, 1, 1)) for name in ("a/x",)}
    bare = {name: EntryValue(2, name, name) for name in ("b/x", "b/y")}
    snapshot = Snapshot(version=1, keys={"d": Caller(1, "bot", 1, "a")}, entries={**gone, **bare})

    found = judge(snapshot, "d", now=NOW)

    assert [group.models for group in found.not_now] == [("b/x", "b/y"), ("a/x",)]
    assert found.not_now[0].why == "the model has no offer at any provider"
    assert found.total == 3


@pytest.mark.parametrize(
    "change",
    ["none", "paused", "removed", "needs a credential", "sunset", "withdrawn", "discovered", "dialect"],
)
def test_the_catalog_page_and_the_gateway_agree_on_what_can_be_called(offer, lab, key, change):
    entry = offer.entry
    if change == "paused":
        pause_provider(actor=COMMAND_LINE, provider=lab, reason="x")
    elif change == "removed":
        remove_provider(actor=COMMAND_LINE, provider=lab)
    elif change == "needs a credential":
        type(lab).objects.update(needs_credential=True)
    elif change == "dialect":
        type(lab).objects.update(kind="unheard-of")
    elif change == "sunset":
        CatalogEntry.objects.update(sunset_on=clock.now().date())
    elif change == "withdrawn":
        CatalogEntry.objects.update(withdrawn_at=clock.now())
    elif change == "discovered":
        CatalogEntry.objects.update(source="discovered")

    rows = CatalogEntry.objects.prefetch_related(offers_with_providers())
    on_page = {row.entry.slug for row in entries_now(list(rows), clock.now()) if not row.why_not}
    at_gateway = set(judge(load_snapshot(), key[0].digest, now=clock.now()).models)

    assert on_page == at_gateway
    assert bool(on_page) == (change == "none")
    assert entry.slug == "acme/small-1"


def test_only_who_is_signed_in_may_test_a_key(client):
    assert client.post("/keys/test/", {"key": "x"}).status_code == 302


def test_a_second_provider_keeps_a_model_callable(offer, lab, key):
    from catalog.offer import add_offer

    second = create_provider(
        actor=COMMAND_LINE, slug="spare", name="Spare", kind="custom", base_url="http://127.0.0.1:9/v1"
    )
    add_offer(actor=COMMAND_LINE, entry=offer.entry, provider=second, upstream_id="small-1")
    pause_provider(actor=COMMAND_LINE, provider=lab, reason="x")

    assert judge(load_snapshot(), key[0].digest, now=clock.now()).models == ("acme/small-1",)
