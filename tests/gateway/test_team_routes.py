"""A team that is kept to some routes may ask for no other, by any door that says so."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from catalog.models import Offer
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.cli import main
from llmhub.lib import clock
from providers.models import Provider
from routing.gateway.errors import Refusal
from routing.gateway.models import _is_callable
from routing.load import load_snapshot
from routing.models import Route
from routing.plan import Asking, Moment, plan
from routing.reach import Reach
from routing.resolve import resolve
from routing.route import Target, create_route, remove_route
from routing.team_routes import set_team_routes
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    """A team with a key, and two routes to one model."""
    entry = rows.entry()
    Offer.objects.create(entry=entry, provider=rows.provider(), upstream_id="s")
    Provider.objects.update(needs_credential=False)
    for name in ("support", "search"):
        create_route(actor=COMMAND_LINE, name=name, targets=[Target(entry)])
    made = rows.team()
    rows.key(made, allowed_models=["search", "acme/small-1"])
    return made


def may() -> dict[str, bool]:
    """Which names the key may ask for; those it sees listed are the same."""
    snapshot, now = load_snapshot(), clock.now()
    [caller] = snapshot.keys.values()

    def asks(name: str) -> bool:
        try:
            plan(resolve(snapshot, name, now=now), Asking(reach=caller.reach), Moment(now))
        except Refusal as refusal:
            return (refusal.name, "or its team" in refusal.message) != ("model_not_allowed", True)
        return True

    found = {name: asks(name) for name in ("support", "search", "acme/small-1")}
    assert found == {name: _is_callable(snapshot, name, now, caller.reach) for name in found}
    return found


def test_its_keys_may_ask_for_the_routes_that_are_named_whatever_they_list_themselves(team):
    assert may() == {"support": True, "search": True, "acme/small-1": True}

    set_team_routes(actor=COMMAND_LINE, team=team, names=["support"])
    assert may() == {"support": True, "search": False, "acme/small-1": True}
    set_team_routes(actor=COMMAND_LINE, team=team, names=[])
    assert may() == {"support": False, "search": False, "acme/small-1": True}
    set_team_routes(actor=COMMAND_LINE, team=team, names=None)
    assert may()["search"]
    assert AuditEvent.objects.filter(action="team.routes", object="team:support").count() == 3
    assert Reach.of([], []).has_target("any", "acme/small-1")


def test_a_route_that_goes_opens_no_list_and_what_is_none_is_refused(team):
    set_team_routes(actor=COMMAND_LINE, team=team, names=["search"])
    remove_route(actor=COMMAND_LINE, route=Route.objects.get(pk="search"))

    team.refresh_from_db()
    assert team.allowed_routes == []
    [caller] = load_snapshot().keys.values()
    assert not caller.reach.has_target("support", "acme/small-1")
    with pytest.raises(ValidationError, match="did you mean 'support'"):
        set_team_routes(actor=COMMAND_LINE, team=team, names=["suport"])


def test_page_api_and_command_change_the_same(team, signed_in, api_as, capsys):
    owner, reader = signed_in("owner"), signed_in("viewer")
    panel = "/routes/of-team/support/"
    assert "may ask for every route" in reader.get(panel).text

    page = owner.post(f"{panel}set/", {"which": "some", "routes": ["support"]})
    assert page.status_code == 302
    assert "and for no other route" in reader.get(panel).text
    assert api_as("viewer").get("/teams/support/routes").json() == {"team": "support", "routes": ["support"]}
    assert main.run(["team", "routes", "support"]) == 0
    assert "may ask for support" in capsys.readouterr().out

    assert api_as("admin").put("/teams/support/routes", routes=["x"]).status_code == 422
    assert api_as("admin").put("/teams/support/routes", routes=None).json()["routes"] is None
    assert main.run(["team", "routes", "support", "--only"]) == 0
    assert "may ask for no route" in reader.get(panel).text
    assert owner.post(f"{panel}set/", {"which": "some", "routes": ["gone"]}).status_code == 422
