"""The pages of routes: what they say, and the form in which one is made, ordered and tried."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError

from billing.key import create_key
from billing.key_reach import set_reach
from catalog.entry import create_entry
from catalog.models import CatalogEntry
from catalog.offer import add_offer, set_price
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers import statistics_rows
from providers.evidence_models import Degradation
from providers.models import Provider
from providers.rates import Rates
from providers.statistics_rows import Kept
from providers.tally import Outcome, Tally
from routing.key_check import check_one
from routing.models import Route, RouteTarget
from routing.route import Target, create_route, said
from tests.billing import rows as ledger_rows

pytestmark = pytest.mark.django_db
SMALL, BIG = "acme/small-1", "other/big"


@pytest.fixture
def models(offer):
    """A cheap model and a dear one that cannot call tools, both at the lab."""
    Provider.objects.update(needs_credential=False)
    big = create_entry(
        actor=COMMAND_LINE, slug=BIG, name="Big", context_tokens=1_000_000, capabilities=["vision", "stream"]
    )
    dear = add_offer(actor=COMMAND_LINE, entry=big, provider=offer.provider, upstream_id="big")
    set_price(actor=COMMAND_LINE, offer=dear, tiers=[Rates(90, 900)])
    return {SMALL: offer.entry, BIG: big}


def made(models, *slugs, **facts) -> Route:
    targets = [Target(models[slug]) for slug in slugs]
    return create_route(actor=COMMAND_LINE, name="support", targets=targets, **facts)


def form(do: str, *targets: str, **more):
    return {
        "do": do, "name": "support", "policy": "priority", "max_cost_multiple": "3", "explore_percent": "2",
        "to": list(targets), "to_weight": ["1"] * len(targets), "try-tokens": "1000", **more,
    }  # fmt: skip


def test_nothing_yet_says_what_a_route_is_and_who_makes_one(signed_in):
    assert "Make a route" in signed_in("admin").get("/routes/").text
    page = signed_in("viewer").get("/routes/").text
    assert "No routes yet" in page
    assert "Make a route" not in page


def test_the_list_says_where_calls_go_what_it_costs_and_what_was_called(signed_in, models):
    made(models, SMALL, BIG, policy="cost")
    for requested in ("support", "support:floor", "other"):
        ledger_rows.usage(clock.now(), requested=requested, entry_id=models[SMALL].pk, cost_nano=10**9)

    page = signed_in("admin").get("/routes/").text

    assert SMALL in page
    assert "what this call is expected to cost, the least first" in page
    assert ">2 calls</a>" in page  # , those with a suffix too
    assert "$2.00" in page


def test_a_list_of_routes_costs_the_same_whatever_they_list(signed_in, models, django_assert_max_num_queries):
    for number in range(6):
        create_route(
            actor=COMMAND_LINE, name=f"r{number}", targets=[Target(each) for each in models.values()]
        )
    client = signed_in("viewer")
    client.get("/routes/")

    with django_assert_max_num_queries(20):
        client.get("/routes/")


def test_targets_are_moved_without_script_and_nothing_is_saved(signed_in, models):
    client = signed_in("admin")

    page = client.post("/routes/add/", form("to-up-1", SMALL, BIG)).text

    assert page.index(f'name="to" value="{BIG}"') < page.index(f'name="to" value="{SMALL}"')
    page = client.post("/routes/add/", form("to-remove-0", SMALL, BIG)).text
    assert f'name="to" value="{SMALL}"' not in page
    page = client.post("/routes/add/", form("enter", SMALL, to_new=f"{BIG} at lab")).text
    assert f'name="to" value="{BIG} at lab"' in page
    assert "not saved yet" in page
    assert not Route.objects.exists()


def test_a_call_is_tried_by_what_is_typed_before_it_is_saved(signed_in, models, swap):
    client = signed_in("admin")

    panel = client.post("/routes/add/", form("try", BIG, SMALL, policy="cost"), headers=swap).text

    assert panel.lstrip().startswith('<div id="route-trial"')
    assert panel.index(SMALL) < panel.index(BIG)  # the cheap one first, the other left out
    assert "costs more than the route allows beside the first choice" in panel
    dearer = form("try", BIG, SMALL, policy="cost", max_cost_multiple="")
    assert "Left out" not in client.post("/routes/add/", dearer, headers=swap).text
    tools = form("try", BIG, **{"try-tools": "on"})
    assert "It would be refused" in client.post("/routes/add/", tools, headers=swap).text
    assert not Route.objects.exists()


@pytest.mark.parametrize("multiple", ["nan", "inf", "1e999999", "-1", "much"])
def test_a_limit_that_is_no_number_is_told_when_it_is_saved_and_not_tried_by(signed_in, models, multiple):
    said = form("try", BIG, SMALL, policy="cost", max_cost_multiple=multiple)

    assert "Left out" not in signed_in("admin").post("/routes/add/", said).text


@pytest.mark.parametrize("at", [None, "lab"])
def test_the_database_takes_each_target_once(models, at):
    route = made(models, BIG)
    again = {"route": route, "entry": models[SMALL], "provider": at and Provider.objects.get(slug=at)}
    RouteTarget.objects.create(rank=1, **again)

    with pytest.raises(IntegrityError):
        RouteTarget.objects.create(rank=2, **again)


def test_a_route_is_made_changed_and_removed(signed_in, models):
    client = signed_in("admin")
    weighted = form("save", f"{SMALL} at lab", BIG, policy="weighted", require="stream", over=[SMALL],
                    over_weight=["1"], keeps_sessions="on", max_cost_multiple="")  # fmt: skip
    weighted["to_weight"] = ["3", "1"]

    assert client.post("/routes/add/", weighted).url == "/routes/named/support/"

    told = said(Route.objects.get())
    assert told["targets"] == [f"{SMALL} at lab, weight 3", BIG]
    assert (told["over_budget"], told["max_cost_multiple"], told["escalates"]) == ([SMALL], None, False)
    assert "only there" in client.get("/routes/named/support/").text
    page = client.get("/routes/change/support/").text
    assert f'value="{SMALL} at lab"' in page
    client.post("/routes/change/support/", form("save", BIG, name="another"))
    assert said(Route.objects.get(pk="support"))["targets"] == [BIG]
    assert client.post("/routes/remove/", {"name": "support"}).status_code == 302
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (form("save"), "A route needs a model"),
        (form("save", "acme/smal-1"), f"did you mean {SMALL}"),
        (form("save", f"{SMALL} at nowhere"), "There is no provider"),
        (form("save", SMALL, to_weight=["heavy"]), "is no weight"),
        (form("save", SMALL, name=SMALL), "is taken: a model has it"),
        (form("save", SMALL, name=""), "This field is required"),
        (form("save", SMALL, max_cost_multiple="0.5"), "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(signed_in, models, given, says):
    answer = signed_in("admin").post("/routes/add/", given)

    assert answer.status_code == 422
    assert says in answer.text
    assert not Route.objects.exists()


def test_a_model_and_its_provider_name_the_routes_and_do_not_leave_under_them(signed_in, models):
    lab = Provider.objects.get(slug="lab")
    create_route(actor=COMMAND_LINE, name="support", targets=[Target(models[SMALL], lab)])
    client = signed_in("admin")

    assert "support" in client.get(f"/routes/of-model/{SMALL}/").text
    assert "no route" in client.get(f"/routes/of-model/{BIG}/").text
    assert "support" in client.get("/routes/of-provider/lab/").text
    page = client.post("/model/withdraw/", {"model": SMALL}, follow=True).text
    assert "cannot be withdrawn while the route support lists it" in page
    page = client.post("/providers/lab/remove/", follow=True).text
    assert "cannot be removed while the route support sends calls to it" in page
    assert CatalogEntry.objects.listed().filter(slug=SMALL).exists()
    assert Provider.objects.listed().filter(slug="lab").exists()


def test_who_may_not_configure_reads_a_route_and_no_form(signed_in, models):
    made(models, SMALL)
    client = signed_in("viewer")

    assert "Change and try it" not in client.get("/routes/named/support/").text
    assert client.get("/routes/change/support/").status_code == 403


def test_a_key_may_be_let_to_a_route_and_none_of_its_models(models, team):
    made(models, SMALL)
    key, _ = create_key(actor=COMMAND_LINE, team=team, name="bot")

    key = set_reach(actor=COMMAND_LINE, key=key, models=["support"], providers=[])

    verdict = check_one(key)
    assert verdict.models == ("support",)
    assert [(group.why, group.models) for group in verdict.not_now] == [
        ("the key may not use it", (SMALL, BIG))
    ]
    key = set_reach(actor=COMMAND_LINE, key=key, models=[BIG], providers=[])
    assert check_one(key).models == (BIG,)


def test_what_calls_showed_lately_decides_in_a_trial_as_it_does_for_a_call(signed_in, models, swap):
    minute = int(clock.now().timestamp() // 60)
    for entry, ms in ((models[SMALL], 4000), (models[BIG], 900)):
        tally = Tally()
        for _ in range(30):
            tally.add(Outcome("ok", latency_ms=ms, tokens_per_second=50))
        statistics_rows.write([statistics_rows.row_of(Kept(entry.offers.get().pk, minute - 1, "a", tally))])
    client, sent = signed_in("admin"), form("try", SMALL, BIG, policy="latency", max_cost_multiple="")

    quick = client.post("/routes/add/", sent, headers=swap).text
    offer = models[BIG].offers.get()
    Degradation.objects.create(
        provider=offer.provider, target_id=offer.pk, label=BIG, measure="latency", began_at=clock.now(),
        began_with="x",
    )  # fmt: skip
    ill = client.post("/routes/add/", sent, headers=swap).text

    assert quick.index(BIG) < quick.index(SMALL)
    assert re.search(r"88\.\d %", quick)  # the lower bound of 30 of 30, which weigh a little less by now
    assert "degraded" in ill
    assert ill.index(SMALL) < ill.index(BIG)
