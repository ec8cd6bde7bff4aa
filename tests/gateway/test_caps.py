"""R-01: a hard cap is hard, however many real clients come at once, to however many gateways."""

from __future__ import annotations

from collections import Counter as Tally

import pytest

from billing.amount import show
from tests.gateway import budgets

ROOM = 20  # calls
CLIENTS = 100


@pytest.fixture(scope="module")
def second(gateway):
    """A second gateway process on the same database."""
    other = gateway.twin()
    other.start()
    yield other
    other.kill()


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """A model for each round; a call costs exactly what is held for it: a price per request alone."""
    return list(gateway.make_all({str(n): {"at": [simulator.path()]} for n in range(8)}).values())


def one_usd_a_call(model) -> None:
    from catalog.models import Price

    def change():
        Price.objects.filter(offer__entry_id=model.entry_id).update(input="0", output="0", per_request="1")

    model.gateway.change(change)


@pytest.mark.parametrize("rounds", [range(4)], ids=["4 rounds"])
def test_a_hundred_clients_on_room_for_twenty_are_twenty_served(gateway, models, rounds):
    for model in (models[n] for n in rounds):
        one_usd_a_call(model)
        budget_id = budgets.add(model, str(ROOM))

        answers = budgets.crowd([gateway], model, clients=CLIENTS)

        assert Tally(status for status, _, _ in answers) == {200: ROOM, 402: CLIENTS - ROOM}
        assert budgets.standing(model, budget_id) == (ROOM * 10**9, 0)
        assert {body["error"]["code"] for status, _, body in answers if status == 402} == {"budget_exceeded"}


def test_two_gateways_serve_twenty_together(gateway, second, models):
    for model in models[4:7]:
        one_usd_a_call(model)
        budget_id = budgets.add(model, str(ROOM), scope="key")
        second.until(lambda: second.ready().get("configuration") == gateway.ready().get("configuration"))

        answers = budgets.crowd([gateway, second], model, clients=CLIENTS)

        assert Tally(status for status, _, _ in answers) == {200: ROOM, 402: CLIENTS - ROOM}
        assert budgets.standing(model, budget_id) == (ROOM * 10**9, 0)


def test_without_holding_money_before_the_call_the_same_crowd_would_overspend(make_gateway, simulator):
    """The negative control: a gateway that looks at what is spent, calls, and books afterwards."""
    naive = make_gateway()
    naive.start("naive")
    model = naive.make(at=[simulator.path("latency/200")])
    one_usd_a_call(model)
    budget_id = budgets.add(model, str(ROOM))

    answers = budgets.crowd([naive], model, clients=CLIENTS)

    served = Tally(status for status, _, _ in answers)[200]
    print(f"a naive gateway serves {served} where there is room for {ROOM}")
    assert served > ROOM
    assert budgets.standing(model, budget_id)[0] > ROOM * 10**9
    naive.kill()


def test_forty_calls_of_4k_output_on_50_usd_are_never_refused(gateway, simulator):
    model = gateway.make(at=[simulator.path("latency/100")], prices=("3", "15"))
    budgets.add(model, "50")

    answers = budgets.crowd([gateway], model, clients=40, max_tokens=4096)

    assert Tally(status for status, _, _ in answers) == {200: 40}


@pytest.mark.parametrize(
    ("scope", "values"),
    [
        ("team", {}),
        ("key", {}),
        ("provider", {}),
        ("model", {}),
        ("tag", {"name": "job=caps-test"}),
        ("team", {"unit": "tokens"}),
        ("team", {"unit": "requests"}),
        ("key", {"per": "hour", "time_zone": "Asia/Kathmandu"}),
    ],
    ids=str,
)
def test_every_kind_of_budget_refuses_what_does_not_fit_and_nothing_is_sent(
    gateway, simulator, scope, values
):
    tag = f"none-{scope}-{values.get('unit', 'usd')}-{values.get('per', 'total')}"
    model = gateway.make(at=[simulator.path(tag=tag)])
    budget_id = budgets.add(model, "0", scope=scope, **values)

    status, headers, body = budgets.ask(model, llmhub={"tags": {"job": "caps-test"}})

    budgets.remove(model, budget_id)
    details = body["error"]["details"]
    assert (status, body["error"]["code"]) == (402, "budget_exceeded")
    assert details["scope"].startswith(scope)
    assert (details["cap"], details["spent"], details["reserved"]) == ("0", "0", "0")
    assert headers["x-should-retry"] == "false"
    assert simulator.hits(tag) == []
    assert budgets.ask(model)[0] == 200  # the negative control: it was the budget


def test_a_budget_of_the_organisation_stops_everybody(make_gateway, simulator):
    own = make_gateway()
    own.start()
    models = own.make_all({"a": {"at": [simulator.path()]}, "b": {"at": [simulator.path()]}}).values()
    for model in models:
        assert budgets.ask(model)[0] == 200
    budgets.add(next(iter(models)), "0", scope="organisation")

    assert [budgets.ask(model)[0] for model in models] == [402, 402]
    own.kill()


def test_a_soft_budget_counts_and_never_refuses(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1.5", "6"))
    budget_id = budgets.add(model, "0.000001", hard=False)

    status, headers, _ = budgets.ask(model)

    assert status == 200
    assert "x-llmhub-remaining" not in headers
    spent = show(budgets.standing(model, budget_id)[0], "usd")
    assert spent == headers["x-llmhub-cost"]


def test_tokens_and_requests_are_counted_as_what_they_were(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")])
    tokens = budgets.add(model, "100000", unit="tokens")
    requests = budgets.add(model, "10", unit="requests", scope="key")

    usage = budgets.ask(model)[2]["usage"]

    assert budgets.standing(model, tokens) == (usage["total_tokens"], 0)
    assert budgets.standing(model, requests) == (1, 0)


def test_the_answer_says_what_is_left_of_the_tightest_budget(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")])
    budgets.add(model, "1000")
    budgets.add(model, "2", unit="requests", scope="key", per="day")

    left = [budgets.ask(model)[1]["x-llmhub-remaining"] for _ in range(2)]

    assert left == [f'{n};unit=requests;scope="key:test";per=day' for n in (1, 0)]
    assert budgets.ask(model)[0] == 402
