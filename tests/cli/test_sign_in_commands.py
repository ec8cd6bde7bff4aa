"""What the command line says of how people sign in, and ends of it."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from llmhub.people import second_factor
from tests.fixtures.sign_in import give_second_factor, is_signed_in, try_sign_in

pytestmark = pytest.mark.django_db


def test_sessions_of_a_person_are_listed_and_ended(llmhub, ada):
    browser = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"})
    try_sign_in(browser)

    [listed] = json.loads(llmhub("user", "sessions", ada.email, "--json")[1])
    assert (listed["browser"], listed["by"]) == ("Firefox on Linux", "password")
    assert "ended 1 session " in llmhub("user", "sign-out", ada.email)[1]
    assert not is_signed_in(browser)
    assert "nowhere" in llmhub("user", "sessions", ada.email)[1]


def test_a_lost_second_factor_is_taken_off_once(llmhub, ada):
    give_second_factor(ada)

    assert llmhub("user", "second-factor-off", ada.email)[0] == 0
    assert not second_factor.has_one(ada)
    assert llmhub("user", "second-factor-off", ada.email)[0] == 1
