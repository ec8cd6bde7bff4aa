"""Teams and the people in them: by page, by link, by key."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from billing.budget import change_budget, create_budget
from billing.key import assign_key, create_key, revoke_key, set_rates
from billing.models import ApiKey
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.access import actor_of_person
from llmhub.people.invitation import NotUsable as InvitationNotUsable
from llmhub.people.invitation import SignInFirst, accept, find, invite, revoke
from llmhub.people.membership import remove_member, set_member
from llmhub.people.models import Invitation, Membership, Team, User
from llmhub.people.person import change_role, create_user, deactivate_user
from llmhub.people.roles import NotAllowed
from llmhub.people.service_key import create_service_key
from llmhub.people.team import create_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(db) -> Team:
    return create_team(actor=COMMAND_LINE, name="Support")


@pytest.fixture
def other(db) -> Team:
    return create_team(actor=COMMAND_LINE, name="Search")


@pytest.fixture
def in_team(team):
    """A function: a person with this role in the team."""

    def make(role: str, of: Team = team, organisation: str = "member") -> User:
        user = create_user(
            actor=COMMAND_LINE, email=f"{role}-{of.slug}-{organisation}@x.test", role=organisation
        )
        set_member(actor=COMMAND_LINE, team=of, user=user, role=role)
        return User.objects.get(pk=user.pk)

    return make


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_manager_gives_roles_up_to_their_own_and_takes_people_out(in_team, team):
    manager, member = actor_of_person(in_team("manager")), in_team("member")

    set_member(actor=manager, team=team, user=member, role="manager")
    set_member(actor=manager, team=team, user=member, role="viewer")
    remove_member(actor=manager, team=team, user=member)

    assert not Membership.objects.filter(user=member).exists()
    kinds = list(
        AuditEvent.objects.filter(actor=manager.label).order_by("id").values_list("action", flat=True)
    )
    assert kinds == ["member.role_changed", "member.role_changed", "member.removed"]


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_who_does_not_manage_a_team_changes_nobody_and_may_leave(in_team, team, role):
    user, manager = in_team(role), in_team("manager")
    actor = actor_of_person(user)

    for attempt in (
        lambda: set_member(actor=actor, team=team, user=user, role="manager"),
        lambda: set_member(actor=actor, team=team, user=manager, role="viewer"),
        lambda: remove_member(actor=actor, team=team, user=manager),
        lambda: invite(actor=actor, email="new@x.test", team=team, team_role="viewer"),
        lambda: create_service_key(actor=actor, name="ci", team=team, role="viewer"),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    remove_member(actor=actor, team=team, user=user)
    assert list(Membership.objects.values_list("user_id", flat=True)) == [manager.pk]


def test_who_leaves_a_team_loses_their_keys_of_it_and_no_others(in_team, team, other):
    member = in_team("member")
    set_member(actor=COMMAND_LINE, team=other, user=member, role="member")
    gone, _ = create_key(actor=COMMAND_LINE, team=team, name="notebook", person=member)
    stays, _ = create_key(actor=COMMAND_LINE, team=other, name="notebook", person=member)

    assert remove_member(actor=COMMAND_LINE, team=team, user=member) == 1

    assert list(ApiKey.objects.active()) == [stays]
    assert AuditEvent.objects.first().after == {"revoked_keys": [f"key:{gone.pk}"]}


def test_a_member_makes_and_ends_their_own_keys_and_nothing_else(in_team, team):
    member, manager = in_team("member"), in_team("manager")
    actor = actor_of_person(member)

    own, _ = create_key(actor=actor, team=team, name="notebook", person=member)
    bot, _ = create_key(actor=COMMAND_LINE, team=team, name="bot")

    for attempt in (
        lambda: create_key(actor=actor, team=team, name="x"),
        lambda: create_key(actor=actor, team=team, name="x", person=manager),
        lambda: revoke_key(actor=actor, key=bot),
        lambda: set_rates(actor=actor, key=own, requests_per_minute=None, tokens_per_minute=None),
        lambda: assign_key(actor=actor, key=own, person=None),
        lambda: create_budget(actor=actor, scope="key", name=str(own.pk), per="day", cap="1"),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    revoke_key(actor=actor, key=own)
    assert list(ApiKey.objects.active()) == [bot]


def test_a_manager_gives_keys_to_the_teams_people_only(in_team, team, other):
    manager, outsider = actor_of_person(in_team("manager")), in_team("member", of=other)

    with pytest.raises(ValidationError, match="not in this team"):
        create_key(actor=manager, team=team, name="x", person=outsider)
    with pytest.raises(NotAllowed):
        create_key(actor=manager, team=other, name="x")
    assert create_key(actor=manager, team=team, name="x")[0].team == team


def test_a_manager_sets_budgets_of_the_team_and_its_keys_only(in_team, team, other):
    manager = actor_of_person(in_team("manager"))
    key, _ = create_key(actor=COMMAND_LINE, team=team, name="bot")
    theirs, _ = create_key(actor=COMMAND_LINE, team=other, name="their bot")
    hub = create_budget(actor=COMMAND_LINE, scope="organisation", per="day", cap="5")

    budget = create_budget(actor=manager, scope="team", name="support", per="day", cap="5")
    create_budget(actor=manager, scope="key", name=str(key.pk), per="day", cap="5")
    assert change_budget(actor=manager, budget=budget, cap="6").cap == 6 * 10**9

    for scope, name in (("organisation", ""), ("tag", "env=prod"), ("person", manager.label)):
        with pytest.raises(NotAllowed):
            create_budget(actor=manager, scope=scope, name=name, per="month", cap="5")
    for scope, name in (("team", "search"), ("key", str(theirs.pk)), ("key", "their bot")):
        with pytest.raises(ValidationError, match=r"no (team|key) is called"):
            create_budget(actor=manager, scope=scope, name=name, per="month", cap="5")
    with pytest.raises(NotAllowed):
        change_budget(actor=manager, budget=hub, cap="6")


# Invitations.


def test_an_invitation_lets_a_new_person_in_once_with_their_name(in_team, team):
    manager = in_team("manager")
    page = signed_in_as(manager).post(
        "/invitations/add/", {"email": "Ada@X.test", "team": "support", "team_role": "member", "days": "3"}
    )
    link = page.text.split('id="invitation-link" value="')[1].split('"')[0]
    browser, path = Client(), "/" + link.split("/", 3)[3]

    shown, empty = browser.get(path), browser.post(path, {"name": ""})
    browser.post(path, {"name": "Ada"})

    assert "Join Support" in shown.text
    assert empty.status_code == 422
    ada = User.objects.get(email="ada@x.test")
    assert (ada.name, ada.role, ada.memberships.get().role) == ("Ada", "member", "member")
    assert browser.get("/teams/support/").status_code == 200
    assert Client().post(path, {"name": "Eve"}).status_code == 410
    assert "no-store" in page["Cache-Control"]
    token = path.split("/")[2]
    assert not Invitation.objects.filter(digest=token).exists()
    assert token not in signed_in_as(manager).get("/invitations/").text


def test_a_link_opens_no_account_that_exists(in_team, team):
    """Who invites an owner and keeps the link would else be the owner."""
    owner = create_user(actor=COMMAND_LINE, email="owner@x.test", role="owner")
    _, token = invite(
        actor=actor_of_person(in_team("manager")), email="owner@x.test", team=team, team_role="viewer"
    )
    stranger, somebody = Client(), signed_in_as(in_team("member"))

    for browser in (stranger, somebody):
        answer = browser.post(f"/join/{token}/", {"name": "x"})
        assert answer.status_code == 409
        assert "sign in" in answer.text
    with pytest.raises(SignInFirst):
        accept(token, name="x", user=None)
    assert stranger.get("/").status_code == 302
    signed_in_as(owner).post(f"/join/{token}/")
    assert owner.memberships.get().role == "viewer"


def test_accepting_takes_nothing_away(in_team, team):
    manager = in_team("manager")
    _, token = invite(actor=COMMAND_LINE, email=manager.email, team=team, team_role="viewer")

    accept(token, name="", user=manager)

    assert manager.memberships.get().role == "manager"


@pytest.mark.parametrize("end", ["revoked", "expired", "again", "maker demoted", "maker deactivated"])
def test_an_invitation_that_ended_lets_nobody_in(in_team, team, end):
    manager = in_team("manager")
    made, token = invite(
        actor=actor_of_person(manager), email="new@x.test", team=team, team_role="member", days=3
    )
    later = clock.now()
    if end == "revoked":
        revoke(actor=actor_of_person(manager), invitation=made)
    elif end == "expired":
        later += timedelta(days=3, seconds=1)
    elif end == "again":
        invite(actor=COMMAND_LINE, email="new@x.test", team=team, team_role="viewer")
    elif end == "maker demoted":
        set_member(actor=COMMAND_LINE, team=team, user=manager, role="member")
    else:
        create_user(actor=COMMAND_LINE, email="owner@x.test", role="owner")
        deactivate_user(actor=COMMAND_LINE, user=manager)

    with time_machine.travel(later, tick=False), pytest.raises(InvitationNotUsable):
        accept(token, name="New", user=None)
    assert not User.objects.filter(email="new@x.test").exists()


def test_only_owners_invite_to_a_role_in_the_organisation(in_team, team):
    manager = actor_of_person(in_team("manager"))
    admin = actor_of_person(create_user(actor=COMMAND_LINE, email="admin@x.test", role="admin"))

    for actor, role in ((manager, "viewer"), (admin, "viewer"), (admin, "admin")):
        with pytest.raises(NotAllowed):
            invite(actor=actor, email="new@x.test", team=team, team_role="viewer", role=role)
    with pytest.raises(NotAllowed):
        invite(actor=manager, email="new@x.test")
    _, token = invite(actor=COMMAND_LINE, email="new@x.test", role="admin")
    assert (find(token).role, accept(token, name="New", user=None).role) == ("admin", "admin")


# Service keys.


def bearer(token: str) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"})


def test_a_key_with_scopes_reaches_their_areas_only(team):
    _, token = create_service_key(
        actor=COMMAND_LINE, name="ci", role="admin", scopes=["keys:manage", "usage:read"]
    )
    api = bearer(token)
    wanted = {"team": "support", "name": "bot"}

    assert api.get("/api/v1/usage").status_code == 200
    assert api.post("/api/v1/keys", wanted, content_type="application/json").status_code == 201
    refused = api.get("/api/v1/teams")
    assert refused.status_code == 403
    assert "people:read" in refused.json()["error"]["message"]
    assert api.post("/api/v1/budgets", {"scope": "organisation", "per": "day", "cap": "1"},
                    content_type="application/json").status_code == 403  # fmt: skip


def test_a_key_of_a_team_reads_unless_it_is_to_do_more(team):
    key, token = create_service_key(actor=COMMAND_LINE, name="ci", team=team)

    assert (key.role, key.team_role) == ("member", "viewer")
    assert bearer(token).get("/api/v1/teams").json()["data"][0]["slug"] == "support"
    for role, of in (("manager", None), ("member", None), ("owner", team), ("emperor", None)):
        with pytest.raises((ValidationError, NotAllowed)):
            create_service_key(actor=COMMAND_LINE, name="ci", team=of, role=role)


def test_a_key_makes_no_key_that_reaches_further(team):
    _, token = create_service_key(actor=COMMAND_LINE, name="ci", role="admin", scopes=["people:manage"])

    def make(**body):
        answer = bearer(token).post(
            "/api/v1/service-keys", {"name": "x", **body}, content_type="application/json"
        )
        return answer.status_code

    assert make(role="owner", scopes=["people:read"]) == 403
    assert make(role="viewer") == 422
    assert make(role="viewer", scopes=["keys:read"]) == 422
    assert make(role="viewer", scopes=["people:read"]) == 201


def test_a_key_loses_what_its_maker_loses(in_team, team):
    manager = in_team("manager")
    _, token = create_service_key(actor=actor_of_person(manager), name="ci", team=team, role="manager")
    api = bearer(token)

    def invites() -> int:
        return api.get("/api/v1/invitations").status_code

    assert invites() == 200
    set_member(actor=COMMAND_LINE, team=team, user=manager, role="viewer")
    assert (invites(), api.get("/api/v1/teams").json()["data"][0]["slug"]) == (403, "support")
    remove_member(actor=COMMAND_LINE, team=team, user=manager)
    assert api.get("/api/v1/teams").json()["data"] == []
    create_user(actor=COMMAND_LINE, email="owner@x.test", role="owner")
    deactivate_user(actor=COMMAND_LINE, user=manager)
    assert api.get("/api/v1/teams").status_code == 401


def test_an_admins_key_shrinks_with_the_admin(db):
    create_user(actor=COMMAND_LINE, email="owner@x.test", role="owner")
    admin = create_user(actor=COMMAND_LINE, email="admin@x.test", role="admin")
    _, token = create_service_key(actor=actor_of_person(admin), name="ci", role="admin")

    change_role(actor=COMMAND_LINE, user=admin, role="viewer")

    api = bearer(token)
    assert api.get("/api/v1/providers").status_code == 200
    assert api.post("/api/v1/teams", {"name": "x"}, content_type="application/json").status_code == 403
