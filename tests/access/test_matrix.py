"""Who gets what: every address of the console and the API, nine actors, and not one byte across teams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from llmhub.people.scopes import area_of
from tests.access.matrix import Ask, answer, asks, endpoints
from tests.access.sides import AMOUNTS, CANARY, OF_ALL, Hub, actors, build
from tests.access.table import ACTORS, TABLE

TESTS_OF_KEYS = ("POST routing:key_test", "POST /api/v1/key-tests")  # told that they are another team's
INSIDE = ("viewer", "member", "manager", "service")  # whom team B's business is hidden from
# Lists cut to what is team B's, by everything that names it; the name itself may come back.
LISTS = (
    "/requests/?status=refused",
    "/requests/?status=adjusted",
    f"/requests/?team=team-{CANARY}",
    f"/requests/?person=mara@{CANARY}.test",
    "/requests/?key={key_id}",
    "/requests/?key={own_key_id}",
    f"/requests/?model=ask-{CANARY}",
    "/keys/?state=revoked",
    f"/keys/?team=team-{CANARY}",
    f"/keys/?q={CANARY}",
    f"/keys/add/?team=team-{CANARY}",
    f"/teams/?q={CANARY}",
    f"/invitations/add/?team=team-{CANARY}",
    *(f"/budgets/?scope={scope}" for scope in ("organisation", "team", "key", "person", "tag")),
    "/budgets/requests/?state=any",
    f"/api/v1/usage?team=team-{CANARY}",
    f"/api/v1/usage?person=mara@{CANARY}.test",
    "/api/v1/usage?key={key_id}",
    f"/api/v1/usage?model=ask-{CANARY}",
    "/api/v1/usage?status=refused",
    "/api/v1/usage?status=adjusted",
    f"/api/v1/keys?team=team-{CANARY}",
    f"/api/v1/keys?person=mara@{CANARY}.test",
    f"/api/v1/members?team=team-{CANARY}",
    f"/api/v1/budgets?scope=team&name=team-{CANARY}",
    f"/api/v1/budgets?scope=person&name=mara@{CANARY}.test",
    "/api/v1/raise-requests?budget={budget_id}",
    f"/api/v1/call-rules?team=team-{CANARY}",
    f"/api/v1/reports/overview?team=team-{CANARY}",
    f"/spend/?team=team-{CANARY}",
    "/spend/?by=key&key={key_id}",
    f"/spend/?by=person&person=mara@{CANARY}.test",
    *(f"/spend/?by={by}" for by in ("team", "key", "person", "requested", "cost_centre", "source")),
    "/spend/savings/",
    "/api/v1/reports/spend?group_by=key",
    "/api/v1/reports/spend?group_by=team",
    "/api/v1/reports/spend?group_by=key&key={key_id}",
    "/api/v1/reports/savings",
    f"/alerts/channels/?team=team-{CANARY}",
    f"/alerts/deliveries/?channel=told+{CANARY}+by",
    f"/api/v1/deliveries?channel=told+{CANARY}+by",
    *(
        f"{address}&scope={scope}&name={name}"
        for address in (
            "/switch/?source=small-1&target=large-1",
            "/api/v1/preflights?from=small-1&to=large-1",
        )
        for scope, name in (
            ("organisation", ""),
            ("team", f"team-{CANARY}"),
            ("key", "{key_id}"),
            ("alias", "fast"),
        )
    ),
)
NAMES = (
    "Mara ",
    "bot ",
    "notebook ",
    "Team ",
    "tag-",
    "session-",
    "told ",
    "reason ",
    "up-",
    "no_",
    "words-",
)
HIDDEN = re.compile(rf"(?<!Atlantic/){CANARY}|{re.escape(OF_ALL)}", re.IGNORECASE)
SECRETS = (*(f"{name}{CANARY}" for name in NAMES), *AMOUNTS[CANARY], OF_ALL)


def rows() -> dict[str, tuple[str, ...]]:
    """The table by what is asked: nine words each."""
    found = {}
    for line in TABLE.strip().splitlines():
        method, name, *cells = line.split()
        found[f"{method} {name}"] = tuple(cells)
    return found


@pytest.mark.timeout(300)  # some two thousand requests: 12 s of one core, more where others use it too
@pytest.mark.django_db
def test_everybody_gets_what_the_table_says_and_nobody_a_word_of_the_other_team():
    hub = build()
    who = actors(hub)

    wrong = [*about_the_own_team(hub, who), *about_the_other_team(hub, who), *in_lists(hub, who)]

    assert not wrong, "\n".join(wrong[:60])


def about_the_own_team(hub: Hub, who: dict[str, Client]) -> Iterator[str]:
    """What is not as the table says, and who reads of team B in what is said about team A."""
    table, seen = rows(), set()
    for ask in asks(hub.a, hub):
        if ask.name not in table:
            status, _ = answer(who["owner"], ask)
            if status != "405":
                yield f"{ask.name} has no row in tests/access/table.py; an owner gets {status}"
            continue
        seen.add(ask.name)
        for actor, expected in zip(ACTORS, table[ask.name], strict=True):
            status, text = answer(who[actor], ask)
            if status != expected:
                yield f"{ask.name}: {actor} gets {status}, not {expected}"
            if actor in INSIDE and (found := HIDDEN.search(text)):
                yield f"{ask.name}: {actor} reads of the other team: {around(text, found.start())}"
    for name in sorted(table.keys() - seen):
        yield f"{name} is in the table and nowhere else"


def about_the_other_team(hub: Hub, who: dict[str, Client]) -> Iterator[str]:
    """Which asks whose address or body names something of team B are not refused to team A's people."""
    ours = {(ask.name, ask.url, str(ask.body)) for ask in asks(hub.a, hub)}
    for ask in asks(hub.b, hub):
        if (ask.name, ask.url, str(ask.body)) in ours or ask.name in TESTS_OF_KEYS:
            continue
        for actor in INSIDE:
            status, text = answer(who[actor], ask)
            if status not in {"in", "403", "404", "405", "422"}:
                yield f"{ask.name} of the other team: {actor} gets {status}"
            yield from (f"{ask.name} of it: {actor} reads {each!r}" for each in SECRETS if each in text)


def in_lists(hub: Hub, who: dict[str, Client]) -> Iterator[str]:
    """Which lists show something of team B to team A's people who ask for it."""
    for url in LISTS:
        ask = Ask(url, "GET", url.format(**hub.b.ids), None, is_api=url.startswith("/api/"))
        for actor in INSIDE:
            status, text = answer(who[actor], ask)
            if status == "500":
                yield f"{ask.url}: {actor} gets 500"
            yield from (f"{ask.url}: {actor} reads {each!r}" for each in SECRETS if each in text)


def around(text: str, place: int) -> str:
    return repr(text[max(0, place - 80) : place + 40])


def test_every_endpoint_has_an_area_that_keys_can_be_cut_down_to():
    assert [path for _, path in endpoints() if not area_of(path)] == []


@pytest.mark.django_db
def test_a_key_of_another_team_is_tested_for_nobody():
    hub = build()
    who = actors(hub)

    for kind in ("gateway", "before", "revoked"):
        key = hub.b.tokens[kind]
        page = Ask("", "POST", "/keys/test/", {"key": key}, is_api=False)
        endpoint = Ask("", "POST", "/api/v1/key-tests", {"key": key}, is_api=True)
        for actor, ask in [(actor, ask) for actor in INSIDE for ask in (page, endpoint)]:
            status, text = answer(who[actor], ask)
            assert status == "in" or ("of a team that you are not in" in text and CANARY not in text)


@pytest.mark.django_db
def test_what_waits_for_a_decision_is_counted_in_the_own_teams():
    who = actors(build())

    shown = {actor: who[actor].get("/budgets/").text for actor in ("member", "owner")}

    assert '<span class="badge ms-1">1</span>' in shown["member"]
    assert '<span class="badge ms-1">2</span>' in shown["owner"]


@pytest.mark.django_db
def test_what_was_spent_is_the_own_teams():
    hub = build()
    who = actors(hub)

    spent = {
        actor: who[actor].get("/api/v1/reports/overview").json()["month"]["spend"]
        for actor in ("other", "member", "service", "admin")
    }

    own, theirs = (Decimal(AMOUNTS[word][0]) + Decimal("0.000001") for word in ("alpha", CANARY))
    assert {actor: Decimal(usd) for actor, usd in spent.items()} == {
        "other": theirs, "member": own, "service": own, "admin": own + theirs,
    }  # fmt: skip
