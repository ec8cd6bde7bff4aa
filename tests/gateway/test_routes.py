"""Calls to routes, through a running gateway."""

from __future__ import annotations

import secrets

import openai
import pytest

from tests.gateway import budgets


@pytest.fixture(scope="module")
def made(gateway, simulator):
    """A cheap model, a dear one, and one that fails, each at a provider of its own."""
    facts = {"capabilities": ["stream", "tools"]}
    return gateway.make_all(
        {
            "cheap": {
                "at": [simulator.path("tokens/10", tag="route-cheap")],
                "prices": ("0.1", "0.4"),
                **facts,
            },
            "dear": {"at": [simulator.path("tokens/10", tag="route-dear")], "prices": ("10", "40"), **facts},
            "ill": {"at": [simulator.path("status/503", tag="route-ill")], "prices": ("0.1", "0.4"), **facts},
            "gone": {
                "at": [simulator.path("status/404", tag="route-gone")],
                "prices": ("0.1", "0.4"),
                **facts,
            },
        }
    )


@pytest.fixture
def route(gateway, made):
    """A function: make a route over some of the models, live, and return its name."""

    def make(*names: str, over_budget=(), **facts) -> str:
        from catalog.models import CatalogEntry
        from llmhub.audit.actor import SYSTEM
        from routing.route import Target, create_route

        name = f"route-{secrets.token_hex(4)}"

        def targets(some) -> list[Target]:
            return [Target(CatalogEntry.objects.get(pk=made[each].entry_id)) for each in some]

        gateway.change(
            lambda: create_route(
                actor=SYSTEM, name=name, targets=targets(names), over_budget=targets(over_budget), **facts
            )
        )
        return name

    return make


def ask(caller, name: str, **options):
    create = caller.client().chat.completions.with_raw_response.create
    return create(model=name, messages=[{"role": "user", "content": "Hello"}], **options)


def served(answer, made) -> str:
    return next(key for key, each in made.items() if each.name == answer.headers["x-llmhub-model"])


def test_a_call_goes_to_the_first_target_and_round_one_that_fails(made, route):
    caller = made["cheap"]

    assert served(ask(caller, route("dear", "cheap")), made) == "dear"
    answer = ask(caller, route("ill", "cheap", "dear"))

    assert served(answer, made) == "cheap"
    assert answer.headers["x-llmhub-attempts"] == "2"
    assert answer.headers["x-llmhub-fallback"] == "upstream_unavailable"


def test_a_model_that_is_gone_is_tried_last_after_three_calls(made, route):
    name = route("gone", "cheap")
    attempts = [ask(made["cheap"], name).headers["x-llmhub-attempts"] for _ in range(5)]

    assert attempts == ["2", "2", "2", "1", "1"]


def test_the_record_names_the_route_and_each_attempt_its_model(gateway, made, route):
    name = route("ill", "cheap")
    answer = ask(made["cheap"], name)

    record = gateway.record(answer.headers["x-llmhub-request-id"])

    assert (record.requested, record.entry_id) == (name, made["cheap"].entry_id)
    assert [each.entry_id for each in gateway.attempts(record)] == [
        made["ill"].entry_id,
        made["cheap"].entry_id,
    ]


@pytest.mark.parametrize(
    ("policy", "headers", "suffix", "expected"),
    [
        ("cost", {}, "", "cheap"),
        ("priority", {"x-llmhub-policy": "cost"}, "", "cheap"),
        ("priority", {}, ":floor", "cheap"),
        ("cost", {"x-llmhub-policy": "priority"}, "", "dear"),
    ],
)
def test_the_policy_decides(made, route, policy, headers, suffix, expected):
    name = route("dear", "cheap", policy=policy)

    assert served(ask(made["cheap"], name + suffix, extra_headers=headers), made) == expected


def test_a_fallback_that_is_too_dear_is_not_made(made, route):
    caller = made["cheap"]

    assert served(ask(caller, route("ill", "dear", max_cost_multiple=None)), made) == "dear"
    with pytest.raises(openai.InternalServerError) as caught:
        ask(caller, route("ill", "dear", max_cost_multiple=3))
    assert caught.value.code == "upstream_unavailable"


def test_a_call_that_could_cost_more_than_it_may_goes_to_a_cheaper_target_or_nowhere(simulator, made, route):
    caller, limit = made["cheap"], {"x-llmhub-max-cost": "0.004"}
    name = route("dear", "cheap")

    answer = ask(caller, name, extra_headers=limit, max_tokens=100)

    assert served(answer, made) == "cheap"
    assert answer.headers["x-llmhub-fallback"] == "over_max_cost"
    before = simulator.hits("route-dear")
    with pytest.raises(openai.APIStatusError) as caught:
        ask(caller, made["dear"].name, extra_headers=limit, max_tokens=100)
    assert (caught.value.status_code, caught.value.code) == (402, "max_cost_exceeded")
    lower = next(each for each in caught.value.body["remedies"] if each.startswith("lower"))
    assert simulator.hits("route-dear") == before
    assert ask(caller, made["dear"].name, extra_headers=limit, max_tokens=int(lower.split()[3]))


def test_at_the_end_of_a_budget_a_call_degrades_to_the_cheaper_target_and_only_then(made, route, gateway):
    caller = made["dear"]
    name = route("dear", over_budget=["cheap"])
    assert served(ask(caller, name, max_tokens=100), made) == "dear"
    budget_id = budgets.add(caller, "0.001")

    answer = ask(caller, name, max_tokens=100)

    assert served(answer, made) == "cheap"
    assert answer.headers["x-llmhub-fallback"] == "over_budget"
    with pytest.raises(openai.APIStatusError) as caught:
        ask(caller, route("dear"), max_tokens=100)
    assert caught.value.status_code == 402
    budgets.remove(caller, budget_id)
    with pytest.raises(openai.InternalServerError):  # a failure is no reason to degrade
        ask(caller, route("ill", over_budget=["cheap"]))


def test_a_call_without_a_limit_gets_the_one_of_the_route_under_a_hard_budget(made, route):
    caller = made["dear"]
    plain, short = route("dear"), route("dear", default_output_tokens=64)
    budget_id = budgets.add(caller, "10")
    try:
        told = [ask(caller, name).headers["x-llmhub-defaulted"] for name in (plain, short)]
        own = ask(caller, short, max_tokens=20).headers
    finally:
        budgets.remove(caller, budget_id)

    assert told == ["max_tokens=4096", "max_tokens=64"]
    assert "x-llmhub-defaulted" not in own


def test_a_session_stays_where_it_was_answered(made, route):
    caller, session = made["cheap"], {"x-llmhub-session": secrets.token_hex(4)}
    name = route("dear", "cheap", policy="cost", max_cost_multiple=None)
    assert served(ask(caller, name, extra_headers={**session, "x-llmhub-policy": "priority"}), made) == "dear"

    assert served(ask(caller, name, extra_headers=session), made) == "dear"
    assert served(ask(caller, name), made) == "cheap"


def test_a_call_no_target_can_do_is_422_and_names_who_could(gateway, simulator, made, route):
    gateway.make(at=[simulator.path("tokens/10")], capabilities=["vision"])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [{"role": "user", "content": [image]}]

    with pytest.raises(openai.UnprocessableEntityError) as caught:
        made["cheap"].client().chat.completions.create(model=route("cheap"), messages=messages)

    assert caught.value.code == "capability_missing"
    assert "reads images" in caught.value.message
    assert caught.value.body["details"]["could"]


def test_a_route_is_among_the_models_that_a_key_may_call(made, route):
    name = route("dear", "cheap")

    found = made["cheap"].client().models.retrieve(name)

    assert (found.id, found.targets) == (name, [made["dear"].name, made["cheap"].name])
    assert name in [each.id for each in made["cheap"].client().models.list()]
    assert made["cheap"].messages().models.retrieve(name).created_at.year >= 2026
