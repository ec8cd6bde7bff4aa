"""Calls to routes that escalate, through a running gateway."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from billing.call_rules import set_rules
from llmhub.audit.actor import SYSTEM
from llmhub.people.models import Team
from tests.gateway import budgets

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
WAYS = {
    "long": "tokens/60",
    "slow": "latency/500/tokens/60",
    "formless": "formless",
    "declines": "declines",
    "ill": "status/503",
    "good": "tokens/5",
    "last": "tokens/4",
}


@pytest.fixture(scope="module")
def made(gateway, simulator):
    """Models by what their provider does; the good ones are dearer."""
    return gateway.make_all(
        {
            key: {
                "at": [simulator.path(way, tag=f"cascade-{key}")],
                "prices": ("10", "40") if key in ("good", "last") else ("1", "4"),
            }
            for key, way in WAYS.items()
        }
    )


@pytest.fixture
def route(gateway, made):
    """A function: make a route that escalates from each of the models to the next, live."""

    def make(*names: str) -> str:
        from catalog.models import CatalogEntry
        from routing.route import Target, create_route

        name = f"cascade-{secrets.token_hex(4)}"
        gateway.change(
            lambda: create_route(
                actor=SYSTEM,
                name=name,
                escalates=True,
                targets=[Target(CatalogEntry.objects.get(pk=made[each].entry_id)) for each in names],
            )
        )
        return name

    return make


def ask(caller, name: str, **options):
    create = caller.client().chat.completions.with_raw_response.create
    options = {"max_tokens": 20} | options
    return create(model=name, messages=[{"role": "user", "content": "Hello"}], **options)


def served(answer, made) -> str:
    return next(key for key, each in made.items() if each.name == answer.headers["x-llmhub-model"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("first", "options", "reason"),
    [
        ("long", {}, "escalated_truncated"),
        ("formless", {"response_format": FORM, "max_tokens": 200}, "escalated_schema"),
        ("formless", {"tools": TOOLS, "max_tokens": 200}, "escalated_tool_arguments"),
        ("declines", {"max_tokens": 200}, "escalated_refused"),
        ("ill", {}, "upstream_unavailable"),
    ],
)
def test_the_next_target_answers_where_the_first_gave_nothing_of_use(
    gateway, made, route, first, options, reason, stream
):
    answer = ask(made["good"], route(first, "good"), stream=stream, **options)

    assert served(answer, made) == "good"
    assert answer.headers["x-llmhub-fallback"] == reason
    assert answer.headers["x-llmhub-attempts"] == "2"
    text = answer.http_response.read().decode()
    assert text.count("[DONE]") == stream
    record = gateway.record(answer.headers["x-llmhub-request-id"])
    attempts = gateway.attempts(record)
    assert record.cost_nano == sum(each.cost_nano or 0 for each in attempts) > 0
    assert (record.status, record.entry_id) == ("ok", made["good"].entry_id)
    assert [each.error_code for each in attempts] == [reason, ""]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_of_use_is_given_and_nothing_more_is_asked(made, route, simulator, stream):
    before = len(simulator.hits("cascade-last"))

    answer = ask(made["good"], route("good", "last"), stream=stream)

    assert served(answer, made) == "good"
    assert "x-llmhub-fallback" not in answer.headers
    assert answer.http_response.read()
    assert len(simulator.hits("cascade-last")) == before


@pytest.mark.parametrize("stream", [False, True])
def test_where_no_later_target_answers_the_caller_gets_what_there_is(gateway, made, route, stream):
    answer = ask(made["good"], route("long", "ill"), stream=stream)

    assert served(answer, made) == "long"
    assert "x-llmhub-fallback" not in answer.headers
    body = answer.http_response.read().decode()
    assert '"length"' in body
    record = gateway.record(answer.headers["x-llmhub-request-id"])
    assert (record.status, record.finish_reason, record.attempts) == ("ok", "length", 2)


def test_the_whole_is_held_from_the_beginning_and_given_back(gateway, made, route):
    caller = made["good"]
    name = route("slow", "good")
    budget_id = budgets.add(caller, "1")

    with ThreadPoolExecutor() as pool:
        asking = pool.submit(ask, caller, name)
        gateway.until(lambda: budgets.standing(caller, budget_id)[1], within=10)
        held = budgets.standing(caller, budget_id)[1]
        answer = asking.result()

    assert held > 2_000_000  # of both targets: the bound of the cheap one alone is 221,000
    record = gateway.record(answer.headers["x-llmhub-request-id"])
    assert budgets.standing(caller, budget_id) == (record.cost_nano, 0)
    budgets.remove(caller, budget_id)


def test_where_a_budget_has_no_room_for_both_the_cheap_answer_is_given(gateway, made, route):
    caller = made["long"]
    name = route("long", "good")
    budget_id = budgets.add(caller, "0.0005")  # the first takes 0.0003 at most, the next ten times that

    answer = ask(caller, name)

    assert served(answer, made) == "long"
    assert answer.headers["x-llmhub-attempts"] == "1"
    assert budgets.standing(caller, budget_id)[1] == 0
    budgets.remove(caller, budget_id)


def test_what_a_call_may_cost_holds_for_all_its_legs_together(gateway, made, route):
    answer = ask(made["good"], route("long", "good"), extra_headers={"x-llmhub-max-cost": "0.0005"})

    assert served(answer, made) == "long"
    assert answer.headers["x-llmhub-attempts"] == "1"


def test_a_call_that_is_finished_for_nobody_goes_to_no_further_leg(gateway, simulator, made, route):
    name, caller = route("slow", "last"), made["slow"]
    team = Team.objects.filter(slug=caller.team)
    gateway.change(lambda: set_rules(actor=SYSTEM, team=team.get(), when_left="finish"))
    before, hits = len(gateway.records(caller)), len(simulator.hits("cascade-last"))

    with pytest.raises(openai.APITimeoutError):
        ask(caller, name, timeout=0.25)

    gateway.until(lambda: len(gateway.records(caller)) > before, within=5, what="it is settled")
    record = gateway.records(caller)[-1]
    assert (record.status, record.error_code) == ("cancelled", "caller_left")
    assert len(gateway.attempts(record)) == 1
    assert len(simulator.hits("cascade-last")) == hits
    gateway.change(lambda: set_rules(actor=SYSTEM, team=team.get(), when_left=""))
