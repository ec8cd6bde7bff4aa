"""The pages of gateway keys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from billing.key import create_key, pause_key, revoke_key
from billing.key_state import state_of
from billing.models import ApiKey, UsageRecord
from catalog.new_model import add_model
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, ids, secrets
from providers.rates import Rates
from tests.billing import rows

pytestmark = pytest.mark.django_db


def made(team, name="bot", **values) -> ApiKey:
    return create_key(actor=COMMAND_LINE, team=team, name=name, **values)[0]


def key_in(page: str) -> str:
    """The key that a page shows."""
    return page.split('id="key-text" value="')[1].split('"')[0]


def test_the_page_after_making_a_key_shows_it_with_its_first_call(signed_in, offer, team):
    response = signed_in("admin").post("/keys/add/", {"team": "support", "name": "checkout"})

    text = key_in(response.text)
    assert ApiKey.objects.get().digest == secrets.digest(text)
    assert "no-store" in response["Cache-Control"]
    for call in (f'api_key="{text}"', f'apiKey: "{text}"', f"Authorization: Bearer {text}"):
        assert call.replace('"', "&quot;") in response.text or call in response.text
    assert 'model="acme/small-1"' in response.text.replace("&quot;", '"')


def test_the_first_call_takes_a_model_that_stays_before_a_cheaper_one_that_goes(signed_in, offer, lab, team):
    cheap = add_model(
        actor=COMMAND_LINE,
        provider=lab,
        upstream_id="old",
        slug="acme/old",
        rates=Rates(input=Decimal("0.01"), output=Decimal("0.01")),
    )
    key = made(team)
    client = signed_in()
    assert 'model="acme/old"' in client.get(f"/keys/{key.pk}/").text.replace("&quot;", '"')

    cheap.entry.sunset_on = clock.now().date() + timedelta(days=7)
    cheap.entry.save()

    assert 'model="acme/small-1"' in client.get(f"/keys/{key.pk}/").text.replace("&quot;", '"')


def test_a_key_is_never_seen_again_after_it_was_made(signed_in, team):
    client = signed_in("admin")
    text = key_in(client.post("/keys/add/", {"team": "support", "name": "checkout"}).text)
    key = ApiKey.objects.get()

    for path in ("/keys/", f"/keys/{key.pk}/", "/teams/support/", "/settings/", "/keys/test/"):
        assert text not in client.get(path).text, path
    assert all(text not in f"{event.before}{event.after}" for event in AuditEvent.objects.all())
    assert text not in str(ApiKey.objects.values().get())


def test_a_key_without_a_callable_model_says_what_is_missing(signed_in, team):
    page = signed_in("admin").post("/keys/add/", {"team": "support", "name": "checkout"}).text

    assert "No model can be called yet" in page


def test_a_past_last_day_is_refused_at_its_field(signed_in, team):
    values = {"team": "support", "name": "checkout", "expires_at": "2020-01-31"}

    response = signed_in("admin").post("/keys/add/", values)

    assert response.status_code == 422
    assert 'id="id_expires_at_error"' in response.text
    assert "this moment has passed" in response.text
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30", "2200-01-01"])
def test_a_last_day_that_nobody_lives_to_see_is_refused_at_its_field(signed_in, team, day):
    values = {"team": "support", "name": "checkout", "expires_at": day}

    response = signed_in("admin").post("/keys/add/", values)

    assert response.status_code == 422
    assert 'id="id_expires_at_error"' in response.text


def test_a_key_works_until_its_last_day_ends_where_the_organisation_is(signed_in, team):
    from llmhub.people import organisation

    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="Pacific/Auckland")

    signed_in("admin").post("/keys/add/", {"team": "support", "name": "x", "expires_at": "2050-06-30"})

    assert ApiKey.objects.get().expires_at.isoformat() == "2050-06-30T12:00:00+00:00"


def test_keys_without_a_team_lead_to_making_one(signed_in):
    page = signed_in("admin").get("/keys/add/").text

    assert "A key needs a team" in page
    assert "/teams/add/" in page


def test_the_list_finds_by_name_by_first_letters_and_by_team(signed_in, team):
    from llmhub.people.team import create_team

    other = create_team(actor=COMMAND_LINE, name="Growth")
    first, second = made(team, "night batch"), made(other, "checkout")
    client = signed_in("viewer")

    def names(query: str) -> list[str]:
        return [name for name in ("night batch", "checkout") if name in client.get(f"/keys/?{query}").text]

    assert names("") == ["night batch", "checkout"]
    assert names("q=night") == ["night batch"]
    assert names(f"q={second.prefix}") == ["checkout"]
    assert names("team=support") == ["night batch"]
    assert names("q=nothing") == []
    assert first.prefix in client.get("/keys/").text


@pytest.mark.parametrize("state", ["active", "paused", "expired", "revoked"])
def test_each_state_lists_just_its_keys(signed_in, team, state):
    made(team, "is-active")
    pause_key(actor=COMMAND_LINE, key=made(team, "is-paused"), reason="leaked?")
    ApiKey.objects.filter(pk=made(team, "is-expired").pk).update(expires_at=clock.now())
    revoke_key(actor=COMMAND_LINE, key=made(team, "is-revoked"))

    page = signed_in("viewer").get(f"/keys/?state={state}", headers={"HX-Request": "true"}).text

    assert [name for name in ("active", "paused", "expired", "revoked") if f"is-{name}" in page] == [state]


@pytest.mark.parametrize(
    ("revoked", "expires", "paused", "expected"),
    [
        (None, None, "", "active"),
        (None, 1, "", "active"),
        (None, 0, "", "expired"),
        (None, -1, "why", "expired"),
        (None, 1, "why", "paused"),
        (-1, -1, "why", "revoked"),
    ],
)
def test_what_ended_a_key_hides_what_would_come_back(revoked, expires, paused, expected):
    now = clock.now()

    def moment(hours):
        return None if hours is None else now + timedelta(hours=hours)

    found = state_of(revoked_at=moment(revoked), expires_at=moment(expires), paused_reason=paused, now=now)

    assert found == expected


def test_the_last_use_is_the_newest_record_of_the_key(signed_in, team):
    key, other = made(team), made(team, "other")
    for hours, used in ((50, key), (3, key), (1, other)):
        row_id = ids.first_at(clock.now() - timedelta(hours=hours))
        UsageRecord.objects.create(id=row_id, key_id=used.pk, requested="m", status="ok")

    page = signed_in("viewer").get(f"/keys/{key.pk}/").text

    assert "3\xa0hours ago" in page


def test_the_list_takes_a_fixed_number_of_queries(signed_in, team, django_assert_num_queries):
    client = signed_in("viewer")
    for number in range(60):
        made(team, f"key {number}")

    with django_assert_num_queries(6):  # session, person, their teams, organisation, keys, teams
        page = client.get("/keys/").text

    assert page.count("/keys/") > 50
    assert "Next page" in page


def test_the_next_page_goes_on_where_the_first_ended(signed_in, team, swap):
    keys = [made(team, f"key-{number:02}-") for number in range(52)]
    client = signed_in("viewer")

    page = client.get(f"/keys/?cursor={keys[2].pk}", headers=swap).text

    assert ("key-01-" in page, "key-00-" in page, "key-02-" in page) == (True, True, False)
    assert client.get("/keys/?cursor=nonsense").status_code == 404


def test_searching_swaps_only_the_table(signed_in, team, swap):
    made(team)

    part = signed_in("viewer").get("/keys/?q=bot", headers=swap)

    assert part.text.strip().startswith('<div id="key-table">')
    assert "<html" not in part.text
    assert "HX-Request" in part["Vary"]


def test_a_key_is_paused_with_a_reason_resumed_and_revoked(signed_in, team):
    key, client = made(team), signed_in("admin")

    refused = client.post(f"/keys/{key.pk}/pause/", {"reason": ""})
    paused = client.post(f"/keys/{key.pk}/pause/", {"reason": "40,000 calls"}, follow=True).text
    client.post(f"/keys/{key.pk}/resume/")
    resumed = ApiKey.objects.get().paused_reason
    revoked = client.post(f"/keys/{key.pk}/revoke/", follow=True).text

    assert refused.status_code == 422
    assert "“40,000 calls”" in paused
    assert resumed == ""
    assert "Revoked" in revoked
    assert ApiKey.objects.get().revoked_at is not None


def test_revoking_asks_first(signed_in, team):
    page = signed_in("admin").get(f"/keys/{made(team).pk}/").text

    assert 'data-confirm="Revoke “bot” for good?' in page


@pytest.mark.parametrize("action", ["revoke", "pause", "resume"])
def test_a_viewer_changes_no_key(signed_in, team, action):
    key = made(team)
    viewer = signed_in("viewer")

    assert viewer.post(f"/keys/{key.pk}/{action}/", {"reason": "x"}).status_code == 403
    assert viewer.get("/keys/add/").status_code == 403
    assert viewer.post("/keys/add/", {"team": "support", "name": "x"}).status_code == 403
    page = viewer.get(f"/keys/{key.pk}/").text
    assert "Revoke" not in page
    assert (ApiKey.objects.count(), ApiKey.objects.get().revoked_at) == (1, None)


def test_a_post_without_its_csrf_token_changes_nothing(signed_in, team):
    key = made(team)
    client: Client = signed_in("owner", enforce_csrf_checks=True)

    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 403
    assert ApiKey.objects.get().revoked_at is None


def test_a_key_is_made_for_a_person_and_given_to_another_one(signed_in, team):
    mara, yuki = rows.person("mara@example.org", name="Mara"), rows.person("yuki@example.org")
    client = signed_in("admin")
    client.post("/keys/add/", {"team": "support", "name": "laptop", "person": "mara@example.org"})
    key = ApiKey.objects.get()
    assert key.person == mara
    assert "Mara" in client.get("/keys/?q=mara@", headers={"HX-Request": "true"}).text

    client.post(f"/keys/{key.pk}/assign/", {"person": "yuki@example.org"})
    assert ApiKey.objects.get().person == yuki
    client.post(f"/keys/{key.pk}/assign/", {"person": ""})

    assert ApiKey.objects.get().person is None
    event = AuditEvent.objects.filter(action="key.assigned").first()
    assert (event.before, event.after) == ({"person": "yuki@example.org"}, {"person": None})
    assert client.post(f"/keys/{key.pk}/assign/", {"person": "nobody@example.org"}).status_code == 422


def test_the_key_of_a_deactivated_person_stops_and_pages_and_audit_log_say_so(signed_in, team):
    person = rows.person("mara@example.org")
    key = made(team, person=person)
    client = signed_in("owner")
    assert "their key stops within seconds" in client.get("/people/").text

    client.post(f"/people/{person.pk}/change/", {"do": "deactivate"})

    assert AuditEvent.objects.first().after == {"stopped_keys": [f"key:{key.pk}"]}
    assert "this key stopped with them" in client.get(f"/keys/{key.pk}/").text
    assert [row.state for row in client.get("/keys/?state=stopped").context["rows"]] == ["stopped"]
    assert client.get("/keys/?state=active").context["rows"] == []
    client.post(f"/people/{person.pk}/change/", {"do": "activate"})
    assert [row.state for row in client.get("/keys/").context["rows"]] == ["active"]
    assert AuditEvent.objects.first().after == {"working_keys": [f"key:{key.pk}"]}
