"""People by command: in teams, by invitation, and keys of programs."""

from __future__ import annotations

import json

import pytest

from llmhub.people.models import Invitation, ServiceKey, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(llmhub):
    llmhub("team", "create", "Support")
    llmhub("user", "create", "mara@x.test", "--role", "member")
    return "mara@x.test"


def test_who_is_in_a_team_is_said_changed_and_listed(llmhub, mara):
    llmhub("team", "member", "add", "support", mara)
    llmhub("team", "member", "add", "support", mara, "--role", "manager")
    llmhub("key", "create", "--team", "support", "--name", "notebook", "--person", mara)

    listed = json.loads(llmhub("team", "member", "list", "support", "--json")[1])
    people = json.loads(llmhub("user", "list", "--json")[1])
    code, said, _ = llmhub("team", "member", "remove", "support", mara)

    assert listed == [{"team": "support", "email": mara, "role": "manager"}]
    assert [(row["role"], row["teams"]) for row in people] == [("member", "support:manager")]
    assert (code, said.strip()) == (0, f"{mara} is not in support; revoked 1 key of theirs")
    assert "nobody yet" in llmhub("team", "member", "list")[1]


@pytest.mark.parametrize("words", [("support", "eve@x.test"), ("nothing", "mara@x.test")])
def test_who_or_what_is_not_there_is_named(llmhub, mara, words):
    code, _, said = llmhub("team", "member", "add", *words)

    assert code == 1
    assert "eve@x.test" in said or "nothing" in said


def test_an_invitation_is_a_link_alone_so_that_a_script_can_take_it(llmhub, mara):
    code, link, said = llmhub(
        "invitation", "create", "new@x.test", "--team", "support", "--team-role", "viewer"
    )
    made = Invitation.objects.get()

    assert (code, "/join/join_" in link, len(link.splitlines())) == (0, True, 1)
    assert f"invitation {made.pk}" in said
    assert (made.email, made.team_role, made.role) == ("new@x.test", "viewer", "member")
    assert link.strip().split("_")[1] not in llmhub("invitation", "list")[1]
    assert llmhub("invitation", "revoke", str(made.pk))[0] == 0
    assert Invitation.objects.get().revoked_at
    assert llmhub("invitation", "revoke", "99")[0] == 1


def test_somebody_who_has_an_account_needs_a_team_to_be_invited_to(llmhub, mara):
    code, _, said = llmhub("invitation", "create", mara)

    assert code == 1
    assert "has an account" in said
    assert User.objects.count() == 1


def test_a_service_key_of_a_team_with_scopes(llmhub, mara):
    words = ("service-key", "create", "--name", "ci", "--team", "support", "--role", "manager")

    code, _, _ = llmhub(*words, "--scope", "keys:manage", "--scope", "usage:read")

    key = ServiceKey.objects.get()
    assert code == 0
    assert (key.team.slug, key.role, key.team_role, key.scopes) == (
        "support", "member", "manager", ["keys:manage", "usage:read"],
    )  # fmt: skip
    listed = json.loads(llmhub("service-key", "list", "--json")[1])
    assert (listed[0]["role"], listed[0]["scopes"]) == ("manager", "keys:manage usage:read")
    assert llmhub("service-key", "create", "--name", "x", "--role", "manager")[0] == 1
    assert llmhub(*words, "--scope", "everything:read")[0] == 2
