"""Teams, people, roles and one-time links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.models import SignInLink, User
from llmhub.people.person import LinkNotUsable, create_user, make_link, use_link
from llmhub.people.roles import NotAllowed, allowed, require
from llmhub.people.team import create_team

ADMIN = Actor(kind="user", label="admin@example.com", role="admin")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("owner", {"view", "configure", "own"}),
        ("admin", {"view", "configure"}),
        ("viewer", {"view"}),
        ("", set()),
        ("root", set()),
    ],
)
def test_roles_hold_each_other(role, may):
    actor = Actor(kind="user", label="somebody", role=role)

    assert {action for action in ("view", "configure", "own") if allowed(actor, action)} == may


def test_a_refusal_names_the_role_that_is_needed():
    with pytest.raises(NotAllowed, match="'owner'"):
        require(ADMIN, "own")


@pytest.mark.django_db
def test_a_team_gets_a_short_name():
    assert create_team(actor=COMMAND_LINE, name="Größe & Preis").slug == "groe-preis"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "   ", "☃", "x" * 101, "Add"])
def test_a_team_without_a_usable_name_is_refused(name):
    with pytest.raises(ValidationError):
        create_team(actor=COMMAND_LINE, name=name)

    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_two_teams_cannot_share_a_name():
    create_team(actor=COMMAND_LINE, name="Support")

    with pytest.raises(ValidationError):
        create_team(actor=COMMAND_LINE, name="support")


@pytest.mark.django_db
def test_an_address_is_one_person_whatever_its_case():
    create_user(actor=COMMAND_LINE, email="Ana@Example.com")

    with pytest.raises(ValidationError):
        create_user(actor=COMMAND_LINE, email="ana@example.COM")


@pytest.mark.django_db
def test_only_an_owner_makes_people():
    with pytest.raises(NotAllowed):
        create_user(actor=ADMIN, email="new@example.com")

    assert not User.objects.exists()


@pytest.mark.django_db
def test_nobody_has_a_password_by_default():
    assert not create_user(actor=COMMAND_LINE, email="ana@example.com").has_usable_password()


@pytest.fixture
def link(db):
    user = create_user(actor=COMMAND_LINE, email="ana@example.com")
    return make_link(actor=COMMAND_LINE, user=user)


def test_a_link_signs_in_once(link):
    assert use_link(link).email == "ana@example.com"

    with pytest.raises(LinkNotUsable, match="user link"):
        use_link(link)


def test_a_link_is_kept_as_a_digest(link):
    assert not SignInLink.objects.filter(digest__contains=link[5:20]).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: SignInLink.objects.update(expires_at=clock.now() - timedelta(seconds=1)),
        lambda: User.objects.update(is_active=False),
        lambda: make_link(actor=COMMAND_LINE, user=User.objects.get()),
    ],
    ids=["too old", "person deactivated", "a newer link"],
)
def test_a_link_ends(link, spoil):
    spoil()

    with pytest.raises(LinkNotUsable):
        use_link(link)
