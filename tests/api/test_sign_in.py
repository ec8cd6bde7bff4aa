"""How people sign in, through the API."""

from __future__ import annotations

import pytest

from llmhub.people import organisation, second_factor
from tests.fixtures.sign_in import give_second_factor, is_signed_in, try_sign_in

pytestmark = pytest.mark.django_db


def test_how_a_person_signs_in_is_shown_and_ended(api_as, ada, client):
    try_sign_in(client)
    give_second_factor(ada)
    api, path = api_as("owner"), f"/people/{ada.pk}"

    shown = api.get(f"{path}/sign-in").json()
    assert (shown["has_password"], shown["has_second_factor"]) == (True, True)
    assert (shown["recovery_codes_left"], len(shown["sessions"])) == (10, 1)

    assert api.delete(f"{path}/sessions").status_code == 204
    assert not is_signed_in(client)
    assert [api.delete(f"{path}/second-factor").status_code for _ in range(2)] == [204, 204]
    assert not second_factor.has_one(ada)


@pytest.mark.parametrize(
    ("method", "end"), [("get", "sign-in"), ("delete", "sessions"), ("delete", "second-factor")]
)
def test_only_owners_may(api_as, ada, method, end):
    give_second_factor(ada)

    assert getattr(api_as("admin"), method)(f"/people/{ada.pk}/{end}").status_code == 403
    assert second_factor.has_one(ada)


def test_everyone_is_asked_for_a_second_factor_and_programs_are_not(api_as):
    api = api_as("owner")

    assert api.patch("/organisation", requires_second_factor=True).json()["requires_second_factor"] is True
    assert organisation.current().requires_second_factor
    assert api.get("/teams").status_code == 200
    assert api_as("admin").patch("/organisation", requires_second_factor=False).status_code == 403
    assert api.patch("/organisation", requires_second_factor=False).json()["requires_second_factor"] is False
