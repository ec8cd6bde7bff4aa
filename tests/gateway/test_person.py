"""Keys of a person: their budget counts all of them, in every team, and they stop with the person."""

from __future__ import annotations

from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor

from tests.gateway import budgets

ROOM = 10  # calls
CLIENTS = 25  # with each key


def two_keys(gateway, simulator, email: str, *path: str) -> tuple:
    """Two models with a price of 1 USD a call, each of a team of its own, with keys of one person."""
    from billing.key import assign_key
    from billing.models import ApiKey
    from catalog.models import Price
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.person import create_user

    at = [simulator.path(*path)]
    models = tuple(gateway.make_all({"a": {"at": at}, "b": {"at": at}}).values())

    def change():
        person = create_user(actor=SYSTEM, email=email)
        for model in models:
            assign_key(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id), person=person)
            Price.objects.filter(offer__entry_id=model.entry_id).update(
                input="0", output="0", per_request="1"
            )

    gateway.change(change)
    return models


def both_at_once(gateways, models) -> Tally:
    with ThreadPoolExecutor(2) as pool:
        crowds = pool.map(lambda model: budgets.crowd(gateways, model, clients=CLIENTS), models)
        return Tally(status for crowd in crowds for status, _, _ in crowd)


def test_two_keys_of_a_person_at_two_gateways_spend_one_budget_and_not_a_nano_more(gateway, simulator):
    models = two_keys(gateway, simulator, "mara@example.org")
    other = gateway.twin()
    other.start()
    budget_id = budgets.add(models[0], str(ROOM), scope="person", name="mara@example.org")
    other.until(lambda: other.ready().get("configuration") == gateway.ready().get("configuration"))

    answers = both_at_once([gateway, other], models)

    other.kill()
    assert answers == {200: ROOM, 402: 2 * CLIENTS - ROOM}
    assert budgets.standing(models[0], budget_id) == (ROOM * 10**9, 0)
    served = [record for model in models for record in gateway.records(model) if record.status == "ok"]
    assert len(served) == ROOM
    assert len({record.person_id for record in served} - {None}) == 1


def test_without_holding_money_before_the_call_they_would_overspend(make_gateway, simulator):
    """The negative control: a gateway that looks at what is spent, calls, and books afterwards."""
    naive = make_gateway()
    naive.start("naive")
    models = two_keys(naive, simulator, "mara@example.org", "latency/200")
    budget_id = budgets.add(models[0], str(ROOM), scope="person", name="mara@example.org")

    assert both_at_once([naive], models)[200] > ROOM
    assert budgets.standing(models[0], budget_id)[0] > ROOM * 10**9
    naive.kill()


def test_refusal_and_remaining_header_name_the_person(gateway, simulator):
    model, _ = two_keys(gateway, simulator, "yuki@example.org")
    service = gateway.make(at=[simulator.path()])
    budgets.add(model, "1.5", scope="person", name="yuki@example.org", per="day")

    first, second = budgets.ask(model), budgets.ask(model)

    assert first[1]["x-llmhub-remaining"] == '0.5;unit=usd;scope="person:yuki@example.org";per=day'
    error = second[2]["error"]
    assert (second[0], error["details"]["scope"]) == (402, "person:yuki@example.org")
    assert error["message"].startswith("Person yuki@example.org has 0.50 of 1.50 USD left until ")
    assert budgets.ask(service)[0] == 200  # the negative control: a key without a person


def test_keys_stop_with_their_person_and_go_on_with_them(gateway, simulator):
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import User
    from llmhub.people.person import activate_user, create_user, deactivate_user

    model, _ = two_keys(gateway, simulator, "gone@example.org", "tag/stopped")

    def deactivate():
        create_user(actor=SYSTEM, email="owner@example.org", role="owner")
        deactivate_user(actor=SYSTEM, user=User.objects.get(email="gone@example.org"))

    gateway.change(deactivate)

    status, headers, body = budgets.ask(model)
    assert (status, body["error"]["code"]) == (403, "person_deactivated")
    assert "belongs to gone@example.org, who was deactivated" in body["error"]["message"]
    assert headers["x-should-retry"] == "false"
    for path in ("/v1/models", "/v1/requests/req_1"):
        assert gateway.get(path, key=model.key)[0] == 403
    assert simulator.hits("stopped") == []
    gateway.change(lambda: activate_user(actor=SYSTEM, user=User.objects.get(email="gone@example.org")))
    assert budgets.ask(model)[0] == 200
    assert len(simulator.hits("stopped")) == 1
