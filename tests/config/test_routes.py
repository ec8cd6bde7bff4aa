"""The routes of llmhub.toml."""

from __future__ import annotations

import pytest

from catalog.models import CatalogEntry
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import BadFile, check, plan
from llmhub.people.models import Team
from providers.models import Provider
from routing.models import Route
from routing.route import Target, create_route, said
from tests.config.applying import apply_as_planned
from tests.config.test_apply import LAB, MODEL

pytestmark = pytest.mark.django_db

ROUTE = '[routes.support]\npolicy = "cost"\ntargets = ["acme/small"]\n'


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(*texts):
        path = tmp_path / "llmhub.toml"
        path.write_text("".join(texts))
        return apply_as_planned(path)

    return write_and_apply


def small() -> CatalogEntry:
    return CatalogEntry.objects.get(slug="acme/small")


def test_a_route_is_made_changed_and_given_up_by_the_file(apply):
    assert "route.added route:support" in apply(LAB, MODEL, ROUTE).changes
    assert Route.objects.get().origin == "file"

    changed = apply(
        LAB, MODEL, '[routes.support]\ntargets = [{model = "acme/small", provider = "lab", weight = 2}]\n'
        'max_cost_multiple = 2.5\n',
    )  # fmt: skip

    assert str(changed.plan) == (
        "routes.support: changed\n"
        "    max_cost_multiple: 3 → 2.5\n"
        "    targets: acme/small → model acme/small, provider lab, weight 2\n"
        "1 difference"
    )
    assert said(Route.objects.get())["policy"] == "cost"  # what it does not say stays
    assert apply(LAB, MODEL).changes == ("route.removed route:support",)


def test_a_team_is_kept_to_the_routes_that_the_file_names(apply):
    team = '[teams.support]\nroutes = ["support"]\n'

    assert "team.routes team:support" in apply(LAB, MODEL, ROUTE, team).changes
    assert Team.objects.get(slug="support").allowed_routes == ["support"]
    assert "    routes: support" in str(apply(LAB, MODEL, ROUTE, "[teams.support]\nroutes = []\n").plan)
    assert Team.objects.get(slug="support").allowed_routes == []
    assert apply(LAB, MODEL, ROUTE, "[teams.support]\n").changes == ()  # what it does not say stays

    with pytest.raises(BadFile, match=r"teams.support.routes.*'suport' is no route.*support"):
        apply(LAB, MODEL, ROUTE, team.replace('["support"]', '["suport"]'))


def test_a_route_of_a_person_is_left_alone_until_the_file_says_it_otherwise(apply):
    apply(LAB, MODEL)
    create_route(actor=COMMAND_LINE, name="support", targets=[Target(small())], policy="cost")

    assert apply(LAB, MODEL).plan.left_alone == ("routes.support",)
    assert apply(LAB, MODEL, ROUTE).changes == ()
    assert Route.objects.get().origin == "person"
    apply(LAB, MODEL, ROUTE.replace("cost", "latency"))
    assert Route.objects.get().origin == "file"


def test_a_name_goes_from_a_route_to_a_model_and_back(apply):
    apply(LAB, MODEL, ROUTE)
    apply(LAB, MODEL, "[models.support]\n")

    assert not Route.objects.exists()
    apply(LAB, MODEL, '[aliases]\nhelp = "acme/small"\n')
    apply(LAB, MODEL, ROUTE.replace("support", "help"))
    assert Route.objects.get().pk == "help"


def test_a_model_leaves_with_the_route_of_the_file_that_lists_it_but_not_under_one_of_a_person(apply):
    apply(LAB, MODEL, ROUTE)
    apply(LAB)
    assert not CatalogEntry.objects.listed().exists()

    apply(LAB, MODEL)
    create_route(actor=COMMAND_LINE, name="help", targets=[Target(small())])
    with pytest.raises(BadFile, match="cannot be withdrawn while the route help lists it"):
        apply(LAB)


def test_a_provider_leaves_when_the_file_no_longer_sends_its_route_there(apply):
    built_in = '[providers.openai]\nkind = "openai"\n'
    model = '[models."acme/small"]\n[models."acme/small".offers.openai]\nid = "s"\n'
    pinned = '[routes.support]\ntargets = [{model = "acme/small", provider = "openai"}]\n'
    apply(built_in, model, pinned)

    apply(built_in, "removed = true\n", '[models."acme/small"]\n', ROUTE)

    assert Provider.objects.get().removed_at is not None
    assert said(Route.objects.get())["targets"] == ["acme/small"]


def test_a_target_that_its_provider_does_not_offer_is_found_on_trial(apply):
    text = LAB + MODEL + '[providers.far]\nkind = "custom"\nbase_url = "http://10.0.0.6/v1"\n'
    text += '[routes.support]\ntargets = [{model = "acme/small", provider = "far"}]\n'

    (finding,) = check(text)

    assert str(finding) == (
        "12:1: routes.support.targets: far does not offer acme/small: it is offered by lab"
    )
    with pytest.raises(BadFile):
        plan(text)
