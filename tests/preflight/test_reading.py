"""Which calls, keys and names a preflight is judged by."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from billing import recent_read
from billing.budget import create_budget
from billing.key_reach import set_reach
from billing.recent_read import Callers
from catalog.alias import add_alias
from catalog.entry import update_entry
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed
from providers.models import ListedModel, Provider
from routing.preflight_move import move_of
from routing.preflight_read import preflight
from routing.route import Target, create_route
from tests.billing import rows

pytestmark = pytest.mark.django_db
FAST = ("fast", "fast:floor", "fast:nitro")
VIEWER = Actor(kind="user", label="viewer", role="viewer")


def manager_of(*teams) -> Actor:
    return Actor(kind="user", label="mara", role="member", teams={team.pk: "manager" for team in teams})


def checks(*, actor=COMMAND_LINE, source="acme/old", target="acme/new", kind="", name=""):
    move = move_of(actor=actor, source=source, target=target, kind=kind, name=name)
    return {check.name: check for check in preflight(move, actor=actor).checks}


def newest(offer, callers, **more):
    return recent_read.newest(offer.entry_id, callers, now=clock.now(), **more)


def test_calls_are_of_whom_is_asked_about(old_and_new, called):
    other = rows.key(rows.team("other"))
    called(), called(key=other), called(key=other, requested="fast"), called(offer=old_and_new.new)

    everybody = newest(old_and_new.old, Callers())
    team = newest(old_and_new.old, Callers(teams=frozenset({old_and_new.team.pk})))
    key = newest(old_and_new.old, Callers(teams=frozenset({other.team_id}), key_id=other.pk))
    alias = newest(old_and_new.old, Callers(requested=("fast",)))
    none = newest(old_and_new.old, Callers(teams=frozenset()))

    assert [found.requests for found in (everybody, team, key, alias, none)] == [3, 1, 2, 1, 0]
    assert everybody.is_whole


@pytest.mark.parametrize("by_team", [True, False])
def test_only_the_newest_are_looked_at_and_that_is_said(old_and_new, called, by_team):
    last = [called(minutes=minutes).pk for minutes in (3, 2, 1)]
    called(minutes=60 * 24 * 31)  # too long ago
    callers = Callers(teams=frozenset({old_and_new.team.pk})) if by_team else Callers()

    cut, whole = newest(old_and_new.old, callers, most=2), newest(old_and_new.old, callers, most=3)

    assert [call.id for call in cut.calls] == [last[2], last[1]]
    assert (cut.is_whole, whole.is_whole, whole.requests) == (False, True, 3)


def test_a_search_that_was_cut_short_is_not_the_whole(old_and_new, called, monkeypatch):
    called(minutes=5), called(offer=old_and_new.new, minutes=2), called(offer=old_and_new.new, minutes=1)
    monkeypatch.setattr(recent_read, "_MOST_ROWS", 2)

    found = newest(old_and_new.old, Callers(teams=frozenset({old_and_new.team.pk})))

    assert (found.requests, found.is_whole) == (0, False)


def test_figures_of_the_month_are_by_key(old_and_new, called):
    called(), called(cost_nano=None), called(offer=old_and_new.new)

    found = recent_read.by_key(old_and_new.old.entry_id, Callers(), now=clock.now())

    assert list(found) == [old_and_new.key.pk]
    assert (found[old_and_new.key.pk].requests, found[old_and_new.key.pk].unpriced) == (2, 1)
    assert recent_read.by_key(old_and_new.old.entry_id, Callers(requested=("x",)), now=clock.now()) == {}


def test_a_whole_preflight_of_recorded_calls(old_and_new, called):
    """Half the price, no tools: what was asked for decides."""
    called(needs=("tools",), parameters=("temperature",)), called(streamed=True, needs=("stream",))

    found = checks()

    assert found["capabilities"].status == "fail"
    assert "1 call gave tools" in found["capabilities"].said
    assert (
        "50.0 % less: $0.0012 instead of $0.0024 for the 2 calls of the last 30 days" in found["price"].said
    )
    assert {found[name].status for name in ("keys", "callable", "lifecycle", "context")} == {"ok"}
    assert {found[name].status for name in ("reachable", "listed", "behaviour")} == {"unknown"}


def test_a_key_that_called_and_may_not_use_the_new_model(old_and_new, called):
    set_reach(actor=COMMAND_LINE, key=old_and_new.key, models=["acme/old"], providers=[])
    called()

    assert checks()["keys"].status == "fail"
    assert checks()["references"].said.endswith("1 key that names it.")


def test_what_names_the_old_model(old_and_new):
    alias = add_alias(actor=COMMAND_LINE, name="fast", entry=old_and_new.old.entry)
    create_budget(actor=COMMAND_LINE, scope="model", name="acme/old", per="day", cap="5")

    whole, moved = checks()["references"], checks(source="", kind="alias", name="fast")["references"]

    assert whole.said.endswith("1 alias, 1 budget of the model.")
    assert moved.said.endswith(": 1 budget of the model.")
    assert alias.entry == old_and_new.old.entry


def test_budgets_of_the_organisation_are_not_told_to_a_team(old_and_new):
    create_budget(actor=COMMAND_LINE, scope="model", name="acme/old", per="day", cap="5")
    mara = manager_of(old_and_new.team)

    assert checks(actor=mara, kind="team", name="support")["references"].status == "ok"


def test_the_last_check_and_the_last_list_are_what_counts(old_and_new):
    lab = Provider.objects.filter(pk=old_and_new.lab.pk)
    lab.update(checked_at=clock.now(), check_outcome="ok", listed_at=clock.now())
    ListedModel.objects.create(provider=old_and_new.lab, upstream_id="new")
    assert (checks()["reachable"].status, checks()["listed"].status) == ("ok", "ok")

    ListedModel.objects.update(vanished_at=clock.now())
    lab.update(check_outcome="unauthorized")
    assert (checks()["reachable"].status, checks()["listed"].status) == ("fail", "fail")


def test_a_new_model_that_is_leaving(old_and_new):
    update_entry(
        actor=COMMAND_LINE, entry=old_and_new.new.entry, sunset_on=clock.now().date(), replacement=""
    )

    found = checks()

    assert found["lifecycle"].status == "fail"
    assert found["callable"].status == "ok"  # by its provider


def test_a_team_is_judged_by_its_own_calls_of_the_new_model(old_and_new, called):
    other = rows.key(rows.team("other"))
    called()
    for minutes in range(1, 26):
        called(offer=old_and_new.new, key=other, minutes=minutes)

    seen = checks(actor=VIEWER, kind="team", name="support")["behaviour"]
    theirs = checks(actor=manager_of(old_and_new.team), kind="team", name="support")["behaviour"]

    assert seen.status == "ok"
    assert theirs.status == "unknown"
    assert "0 calls" in theirs.said


def test_a_route_is_asked_about_by_the_model_it_names_first(old_and_new, called):
    lab = [Target(old_and_new.old.entry)]
    create_route(actor=COMMAND_LINE, name="chat", targets=lab, require=["tools"])
    create_route(actor=COMMAND_LINE, name="other", targets=lab)
    called(requested="chat"), called(requested="chat:floor"), called(requested="acme/old")

    move = move_of(actor=COMMAND_LINE, source="chat", target="acme/new")
    found = checks(source="chat")

    assert (move.scope.kind, move.source.slug) == ("route", "acme/old")
    assert newest(old_and_new.old, move.callers).requests == 2
    assert "The route wants what acme/new is not said to do: tools" in found["capabilities"].said
    assert found["references"].status == "ok"
    assert checks()["references"].said.endswith("2 route.")
    with pytest.raises(ValidationError, match="does not list acme/new"):
        move_of(actor=COMMAND_LINE, source="acme/new", target="acme/old", kind="route", name="chat")


def test_an_attempt_that_failed_before_another_model_answered_counts(old_and_new, called):
    record = called(offer=old_and_new.new, attempts=2)
    where = {"entry_id": old_and_new.old.entry_id, "offer_id": old_and_new.old.pk}
    rows.attempt(record, 2, id=record.pk + 10, status="error", **where)

    for callers in (Callers(), Callers(teams=frozenset({old_and_new.team.pk}))):
        assert newest(old_and_new.old, callers).failed == 1


# who may ask


def test_managers_ask_about_their_teams_only(old_and_new):
    other = rows.team("other")
    mara, lea = manager_of(old_and_new.team), Actor(
        kind="user", label="lea", role="member", teams={old_and_new.team.pk: "member"}
    )  # fmt: skip
    asked = {"source": "acme/old", "target": "acme/new"}

    assert move_of(actor=mara, kind="team", name="support", **asked).scope.name == "support"
    assert move_of(actor=mara, kind="key", name=str(old_and_new.key.pk), **asked).callers.key_id
    with pytest.raises(ValidationError, match="there is no team 'other'"):
        move_of(actor=mara, kind="team", name=other.slug, **asked)
    with pytest.raises(NotAllowed):
        move_of(actor=mara, kind="organisation", **asked)
    with pytest.raises(NotAllowed):
        move_of(actor=lea, kind="team", name="support", **asked)
    with pytest.raises(ValidationError, match="there is no key"):
        move_of(actor=mara, kind="key", name=str(rows.key(other).pk), **asked)


def test_an_alias_is_counted_as_far_as_the_own_teams_call_it(old_and_new):
    add_alias(actor=COMMAND_LINE, name="fast", entry=old_and_new.old.entry)
    asked = {"source": "fast", "target": "acme/new"}

    mine = move_of(actor=manager_of(old_and_new.team), **asked)

    assert mine.callers == Callers(teams=frozenset({old_and_new.team.pk}), requested=FAST)
    assert move_of(actor=VIEWER, **asked).callers == Callers(requested=FAST)
    with pytest.raises(NotAllowed):
        move_of(actor=Actor(kind="user", label="lea", role="member"), **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"source": "acme/odl", "target": "acme/new"}, "did you mean acme/old"),
        ({"source": "acme/old", "target": "acme/old"}, "choose another model"),
        ({"source": "", "target": "acme/new"}, "say which model"),
        (
            {"source": "acme/old", "target": "acme/new", "kind": "person"},
            "use organisation, team, key, alias, route",
        ),
        ({"source": "", "target": "acme/new", "kind": "alias", "name": "fastt"}, "did you mean fast"),
        (
            {"source": "acme/new", "target": "acme/old", "kind": "alias", "name": "fast"},
            "stands for acme/old",
        ),
    ],
)
def test_what_is_not_there_is_said(old_and_new, asked, said):
    add_alias(actor=COMMAND_LINE, name="fast", entry=old_and_new.old.entry)

    with pytest.raises(ValidationError) as refusal:
        move_of(actor=COMMAND_LINE, **asked)

    assert said in " ".join(refusal.value.messages)
