"""Who may do what, and that nobody gives more than they hold."""

from __future__ import annotations

import pytest

from llmhub.audit.actor import Actor
from llmhub.people.roles import NotAllowed, allowed, higher, lower, reach, require_role, require_team_role
from llmhub.people.scopes import area_of, faults, lets_through, verb_of

A, B = 1, 2


def person(role: str = "member", **teams: str) -> Actor:
    return Actor(
        kind="user", label="x", role=role, id=7, teams={{"a": A, "b": B}[k]: v for k, v in teams.items()}
    )


@pytest.mark.parametrize(
    ("actor", "may"),
    [
        (person(), ""),
        (person(a="viewer"), "read"),
        (person(a="member"), "read call"),
        (person(a="manager"), "read call manage"),
        (person(b="manager"), ""),
        (person("viewer"), "read view"),
        (person("viewer", a="manager"), "read call manage view"),
        (person("admin"), "read call manage view configure"),
        (person("owner"), "read call manage view configure own"),
        (person("emperor", a="manager"), ""),
        (person("", a="manager"), ""),
    ],
)
def test_what_each_role_may_do_in_a_team(actor, may):
    actions = ("read", "call", "manage", "view", "configure", "own")

    assert " ".join(each for each in actions if allowed(actor, each, team=A)) == may


def test_without_a_team_an_action_in_a_team_is_one_in_any_of_them():
    assert allowed(person(b="manager"), "manage")
    assert not allowed(person(b="member"), "manage")
    assert allowed(person(), "read")
    assert not allowed(person(""), "read")


@pytest.mark.parametrize(
    ("actor", "action", "teams"),
    [
        (person("viewer"), "read", None),
        (person("viewer", a="manager"), "manage", {A}),
        (person(a="viewer", b="member"), "read", {A, B}),
        (person(a="viewer", b="member"), "call", {B}),
        (person("admin"), "manage", None),
        (person(), "read", set()),
    ],
)
def test_how_far_an_actor_reaches(actor, action, teams):
    assert reach(actor, action) == teams


@pytest.mark.parametrize(
    ("actor", "role", "fine"),
    [
        (person(a="manager"), "manager", True),
        (person(a="member"), "viewer", False),
        (person("admin"), "manager", True),
        (person("viewer", a="manager"), "manager", True),
        (person("viewer"), "viewer", False),
        (person(b="manager"), "viewer", False),
    ],
)
def test_who_gives_which_role_in_a_team(actor, role, fine):
    if fine:
        return require_team_role(actor, role, team=A)
    with pytest.raises(NotAllowed):
        require_team_role(actor, role, team=A)
    return None


@pytest.mark.parametrize(("held", "given", "fine"), [("admin", "admin", True), ("admin", "owner", False)])
def test_nobody_gives_a_role_above_their_own(held, given, fine):
    if fine:
        return require_role(person(held), given)
    with pytest.raises(NotAllowed):
        require_role(person(held), given)
    return None


@pytest.mark.parametrize(
    ("key", "maker", "left"),
    [
        (person("admin"), person("viewer"), ("viewer", {})),
        (person(a="manager"), person("admin"), ("member", {A: "manager"})),
        (person(a="manager"), person(a="member"), ("member", {A: "member"})),
        (person(a="manager"), person("viewer"), ("member", {A: "viewer"})),
        (person(a="manager"), person(b="manager"), ("member", {})),
        (person("owner"), person(a="manager"), ("member", {})),
    ],
)
def test_a_key_reaches_no_further_than_who_made_it(key, maker, left):
    found = lower(key, maker)

    assert (found.role, dict(found.teams)) == left


def test_the_higher_of_two_roles():
    assert (higher("viewer", "manager"), higher("", "viewer"), higher("member", "viewer")) == (
        "manager", "viewer", "member",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("/api/v1/keys/5", "keys"),
        ("/api/v1/teams/support/budgets", "budgets"),
        ("/api/v1/models/a/budgets", "catalog"),
        ("/api/v1/usage/req_1", "usage"),
        ("/api/v1/usage/req_1/content", "content"),
        ("/api/v1/nothing", ""),
    ],
)
def test_the_area_of_an_address(path, area):
    assert area_of(path) == area


def test_managing_an_area_holds_reading_it_and_no_other():
    keys = frozenset({"keys:manage", "usage:read"})

    assert lets_through(keys, "keys", "read")
    assert lets_through(keys, "keys", "manage")
    assert lets_through(keys, "usage", "read")
    assert not lets_through(keys, "usage", "manage")
    assert not lets_through(keys, "budgets", "read")
    assert not lets_through(keys, "", "read")
    assert lets_through(None, "", "manage")


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("GET", "/api/v1/keys", "read"),
        ("POST", "/api/v1/key-tests", "read"),
        ("POST", "/api/v1/models/a/b/check-parameters", "read"),
        ("POST", "/api/v1/budgets/5/raise-requests", "manage"),
        ("DELETE", "/api/v1/members/5", "manage"),
    ],
)
def test_what_a_call_does_to_an_area(method, path, verb):
    assert verb_of(method, path) == verb


@pytest.mark.parametrize(
    ("scopes", "given_by", "wrong"),
    [
        (["keys:read"], None, False),
        ([], None, False),
        (["keys:read"], {"keys:manage"}, False),
        (["keys:manage"], {"keys:read"}, True),
        (["budgets:read"], {"keys:manage"}, True),
        ([], {"keys:manage"}, True),
        (["keys:own"], None, True),
    ],
)
def test_nobody_gives_scopes_that_they_do_not_hold(scopes, given_by, wrong):
    assert bool(faults(scopes, given_by=given_by)) is wrong
