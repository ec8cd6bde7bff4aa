"""Pages of service keys: for owners, shown once, ended for good."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.models import ServiceKey
from llmhub.people.service_key import create_service_key

pytestmark = pytest.mark.django_db
ADD = "/settings/service-keys/add/"
LIST = "/settings/service-keys/"


def test_a_key_is_shown_once_and_opens_the_api(signed_in):
    owner = signed_in("owner")

    page = owner.post(ADD, {"name": "ci", "role": "viewer"})

    token = re.search(r"llms_[\w-]{43}", page.text)[0]
    opened = Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/teams")
    assert opened.status_code == 200
    assert "no-store" in page["cache-control"]
    assert token not in owner.get(LIST).text


def test_the_last_day_counts_in_full(signed_in):
    day = clock.now().date() + timedelta(days=3)

    signed_in("owner").post(ADD, {"name": "ci", "role": "viewer", "expires_on": day.isoformat()})

    assert ServiceKey.objects.get().expires_at.date() == day
    assert ServiceKey.objects.get().expires_at.hour == 23


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"expires_on": "9999-12-31"},
        {"role": "king"},
        {"expires_on": "2020-01-01"},
        {"expires_on": "soon"},
        {"name": "x" * 101},
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(signed_in, wrong):
    page = signed_in("owner").post(ADD, {"name": "ci", "role": "viewer"} | wrong)

    assert page.status_code == 422
    assert "is-invalid" in page.text
    assert not ServiceKey.objects.exists()


def test_a_revoked_key_stays_listed_and_opens_nothing(signed_in):
    key, token = create_service_key(actor=COMMAND_LINE, name="ci")

    page = signed_in("owner").post(f"{LIST}{key.pk}/revoke/", follow=True)

    assert "Revoked" in page.text
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/teams").status_code == 401


@pytest.mark.parametrize(("role", "list_status"), [("admin", 200), ("viewer", 403)])
def test_nobody_makes_or_ends_a_key_that_reaches_further_than_they(signed_in, role, list_status):
    key, _ = create_service_key(actor=COMMAND_LINE, name="ci", role="owner")
    browser = signed_in(role)

    assert browser.get(LIST).status_code == list_status
    assert browser.post(ADD, {"name": "x", "role": "owner"}).status_code == 403
    assert browser.post(f"{LIST}{key.pk}/revoke/").status_code == 403
    assert not ServiceKey.objects.exclude(revoked_at=None).exists()


def test_an_empty_list_says_what_they_are_for(signed_in):
    assert "No service keys yet" in signed_in("owner").get(LIST).text
