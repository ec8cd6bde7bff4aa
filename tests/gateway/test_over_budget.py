"""What a caller without enough budget is told, and that each remedy is true."""

from __future__ import annotations

import json
import re
from datetime import datetime

import anthropic
import openai
import pytest

from tests.gateway import budgets


def test_a_refusal_names_the_limit_what_is_spent_and_when_it_begins_anew(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1.5", "6"))
    budgets.add(model, "0.001", per="month", time_zone="Europe/Berlin")

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask(max_tokens=1000)

    error = caught.value.body
    details = error["details"]
    assert caught.value.status_code == 402
    assert (error["type"], error["retryable"]) == ("budget_exceeded", False)
    assert (details["scope"], details["cap"], details["spent"]) == (f"team:{model.team}", "0.001", "0")
    assert float(details["estimate"]) > 0.006
    resets_at = datetime.fromisoformat(details["resets_at"])
    assert (resets_at.day, resets_at.hour) == (1, 0)
    assert resets_at.utcoffset().total_seconds() in {3600, 7200}
    assert re.match(
        rf"Team {model.team} has 0\.001 of 0\.001 USD left until 1 \w{{3}} 00:00 Europe/Berlin; "
        r"this call could take 0\.006\d+ USD\.",
        error["message"],
    )


def test_the_budget_counts_what_it_refused(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1.5", "6"))
    budget_id = budgets.add(model, "0.003", per="month")

    assert [budgets.ask(model, max_tokens=tokens)[0] for tokens in (4000, 10, 4000)] == [402, 200, 402]

    gateway.until(lambda: budgets.refused(model, budget_id) == 2, what="both are counted")


def test_the_output_limit_it_names_fits_and_one_more_does_not(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1.5", "6"))
    budgets.add(model, "0.003")

    refused = budgets.ask(model, max_tokens=4000)[2]["error"]["remedies"][0]
    limit = int(re.fullmatch(r"lower max_tokens to (\d+) or less", refused)[1])

    assert 100 < limit < 600
    assert budgets.ask(model, max_tokens=limit + 100)[0] == 402
    assert budgets.ask(model, max_tokens=limit)[0] == 200


def test_the_output_limit_it_names_is_true_where_only_a_translator_adds_tools(gateway, simulator):
    called = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    talk = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c1", "content": "nothing"},
    ]
    model = gateway.make(at=[("messages", simulator.path("tokens/20"))], prices=("1.5", "6"))
    budgets.add(model, "0.006")

    refused = budgets.ask(model, messages=talk, max_tokens=4000)[2]["error"]["remedies"][0]
    limit = int(re.fullmatch(r"lower max_tokens to (\d+) or less", refused)[1])

    assert limit < 700  # without the instructions for tools it would be some 790
    assert budgets.ask(model, messages=talk, max_tokens=limit)[0] == 200


def test_no_output_limit_is_named_where_the_input_alone_is_too_dear(gateway, simulator):
    model = gateway.make(at=[simulator.path()], prices=("1.5", "6"))
    budgets.add(model, "0.0001")

    remedies = budgets.ask(model)[2]["error"]["remedies"]

    assert not any("max_tokens" in remedy for remedy in remedies)
    who = "have a manager of the team or an admin"
    assert remedies[-1].startswith(f"{who} raise the budget of team:{model.team}: http://")
    assert remedies[-1].endswith("/ask/")


def test_the_cheaper_model_it_names_takes_the_same_call(make_gateway, simulator):
    own = make_gateway()
    own.start()
    made = own.make_all(
        {
            "dear": {"at": [simulator.path()], "prices": ("15", "60")},
            "cheap": {"at": [simulator.path()], "prices": ("0.1", "0.4")},
            "cheaper": {"at": [simulator.path()], "prices": ("0.01", "0.04")},
            "limited": {"at": [simulator.path()], "prices": ("0.2", "0.5")},
        }
    )
    budgets.add(made["limited"], "0", scope="model")
    budgets.add(made["dear"], "0.002")

    remedies = budgets.ask(made["dear"], max_tokens=1000)[2]["error"]["remedies"]

    using = next(remedy for remedy in remedies if remedy.startswith("use "))
    name, about = re.fullmatch(r"use (\S+): about ([\d.]+) USD", using).groups()
    assert name == made["cheap"].name
    assert float(about) < 0.002
    assert budgets.ask(made["dear"], model=name, max_tokens=1000)[0] == 200
    own.kill()


ALIKE = {"capabilities": ["documents", "tools"]}  # no other model of this gateway


def test_the_cheaper_model_it_names_has_room_for_what_a_translator_makes_of_the_call(make_gateway, simulator):
    gateway = make_gateway()  # of its own: models of other tests would be named
    gateway.start()
    functions = [{"type": "function", "function": {"name": f"look_{number}"}} for number in range(60)]
    call = {"tools": functions, "max_tokens": 100}  # a translator writes out what each takes
    made = gateway.make_all(
        {
            "dear": {"at": [simulator.path()], "prices": ("15", "60"), **ALIKE},
            "other dialect": {"at": [("messages", simulator.path())], "prices": ("1", "1"), **ALIKE},
            "same dialect": {"at": [simulator.path()], "prices": ("0.5", "0.5"), **ALIKE},
        }
    )
    budgets.add(made["dear"], "0.0048")

    remedies = budgets.ask(made["dear"], **call)[2]["error"]["remedies"]

    name = next(remedy.split()[1].strip(":") for remedy in remedies if remedy.startswith("use "))
    assert budgets.ask(made["dear"], model=made["other dialect"].name, **call)[0] == 402
    assert name == made["same dialect"].name
    assert budgets.ask(made["dear"], model=name, **call)[0] == 200


def test_a_messages_caller_is_told_its_own_field_and_a_model_that_takes_the_call(gateway, simulator):
    model = gateway.make(at=[simulator.path()], prices=("15", "60"), kind="openai")
    budgets.add(model, "0.02")

    with pytest.raises(anthropic.APIStatusError) as caught:
        model.say(max_tokens=4000)

    limit = int(
        re.fullmatch(r"lower max_tokens to (\d+) or less", caught.value.body["error"]["remedies"][0])[1]
    )
    assert model.say(max_tokens=limit).headers["x-llmhub-model"] == model.name


def test_waiting_is_a_remedy_only_where_the_next_period_has_room(gateway, simulator):
    model = gateway.make(at=[simulator.path()], prices=("1.5", "6"))
    budgets.add(model, "0.001", per="hour")

    remedies = budgets.ask(model, max_tokens=4000)[2]["error"]["remedies"]

    assert not any("wait" in remedy for remedy in remedies)


def test_a_call_without_a_limit_gets_the_default_one_under_a_cap_and_is_told(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20", tag="defaulted")])
    free = budgets.ask(model, max_tokens=None)[1]
    budgets.add(model, "100")
    simulator.clear()

    headers = budgets.ask(model, max_tokens=None)[1]
    own_limit = budgets.ask(model, max_tokens=7)[1]

    sent = [hit["body"] for hit in simulator.hits("defaulted")]
    assert "x-llmhub-defaulted" not in free
    assert headers["x-llmhub-defaulted"] == "max_tokens=4096"
    assert '"max_tokens":4096' in sent[0].replace(" ", "")
    assert "x-llmhub-defaulted" not in own_limit
    assert '"max_tokens":7' in sent[1].replace(" ", "")


def test_a_hub_is_told_the_price_that_was_held(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20", tag="priced")], kind="openrouter")
    cheapest = {"provider": {"sort": "price", "max_price": {"prompt": 1}}}
    free = budgets.ask(model)[1]
    budgets.add(model, "100")

    told = budgets.ask(model)[1]
    own = budgets.ask(model, **cheapest)[1]

    sent = [json.loads(hit["body"]).get("provider") for hit in simulator.hits("priced")]
    assert [found.get("x-llmhub-defaulted") for found in (free, told, own)] == [
        None,
        "provider.max_price.prompt=1.5, provider.max_price.completion=6",
        "provider.max_price.completion=6",
    ]
    assert sent == [
        None,
        {"max_price": {"prompt": "1.5", "completion": "6"}},
        {"sort": "price", "max_price": {"prompt": 1, "completion": "6"}},
    ]


def test_the_default_limit_is_the_teams_and_never_more_than_the_model_can(gateway, simulator):
    from billing.call_rules import set_rules
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import Team

    model = gateway.make(at=[simulator.path()], output_limit_tokens=900)
    budgets.add(model, "100")

    def limit(tokens):
        team = Team.objects.get(slug=model.team)
        gateway.change(lambda: set_rules(actor=SYSTEM, team=team, default_output_tokens=tokens))

    with gateway.database():
        limit_of_model = budgets.ask(model, max_tokens=None)[1]["x-llmhub-defaulted"]
        limit(300)
    assert limit_of_model == "max_tokens=900"
    assert budgets.ask(model, max_tokens=None)[1]["x-llmhub-defaulted"] == "max_tokens=300"


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]}]
AUDIO = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"messages": IMAGE}, "images or files"),
        ({"messages": AUDIO}, "audio"),
        ({"tools": [{"type": "web_search"}]}, "server tools"),
        ({"web_search_options": {}}, "web search"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"service_tier": "priority"}, "a dearer service tier"),
        ({"modalities": ["text", "audio"]}, "an answer that is not text"),
    ],
    ids=str,
)
def test_what_tokens_do_not_bound_is_refused_under_a_cap_unless_there_is_an_allowance(
    gateway, simulator, body, what
):
    from billing.call_rules import set_rules
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import Team

    model = gateway.make(at=[simulator.path("tokens/20", tag="unbounded")])
    assert budgets.ask(model, **body)[0] == 200
    budgets.add(model, "1")
    simulator.clear()

    status, _, refused = budgets.ask(model, **body)
    hits = simulator.hits("unbounded")
    gateway.change(lambda: set_rules(actor=SYSTEM, team=Team.objects.get(slug=model.team), allowance="0.60"))

    assert (status, refused["error"]["code"], hits) == (402, "unbounded_call", [])
    assert refused["error"]["details"]["what"].startswith(what)
    assert budgets.ask(model, **body)[0] == 200


def test_calls_at_one_time_hold_an_allowance_each(gateway, simulator):
    from billing.call_rules import set_rules
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import Team

    model = gateway.make(at=[simulator.path("latency/3000", "tokens/20")])
    budgets.add(model, "1")
    gateway.change(lambda: set_rules(actor=SYSTEM, team=Team.objects.get(slug=model.team), allowance="0.60"))

    said = budgets.crowd([gateway], model, clients=4, messages=AUDIO)

    assert sorted(status for status, _, _ in said) == [200, 402, 402, 402]  # 1 USD has room for one 0.60


def test_an_image_is_held_at_the_whole_context_of_its_model(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1", "1"), context_tokens=10_000)
    budgets.add(model, "0.010")

    details = budgets.ask(model, messages=IMAGE)[2]["error"]["details"]

    assert details["estimate"] == "0.01002"


def test_a_model_without_a_price_is_not_called_under_a_cap_as_a_fallback_neither(gateway, simulator):
    from billing.call_rules import set_rules
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import Team

    model = gateway.make(at=[simulator.path(tag="unpriced")], prices=None)
    second = _with_unpriced_second(gateway, simulator)
    assert [budgets.ask(each)[0] for each in (model, second)] == [200, 200]
    for each in (model, second):
        budgets.add(each, "100")
    simulator.clear()

    answers = [budgets.ask(each) for each in (model, second)]
    hits = simulator.hits("unpriced")
    gateway.change(lambda: set_rules(actor=SYSTEM, team=Team.objects.get(slug=model.team), unpriced="allow"))

    assert (answers[0][0], answers[0][2]["error"]["code"]) == (402, "unpriced_model")
    assert answers[1][0] == 502
    assert hits == []
    assert budgets.ask(model)[0] == 200


def _with_unpriced_second(gateway, simulator):
    """A model whose first offer fails and whose second has no price."""
    from catalog.models import Price

    model = gateway.make(at=[simulator.path("status/500"), simulator.path(tag="unpriced")])
    gateway.change(lambda: Price.objects.filter(offer__entry_id=model.entry_id, offer__rank=1).delete())
    return model


def test_an_unpriced_call_with_an_allowance_is_charged_that(gateway, simulator):
    from billing.call_rules import set_rules
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.models import Team

    model = gateway.make(at=[simulator.path("tokens/20")], prices=None)
    budget_id = budgets.add(model, "1")
    gateway.change(
        lambda: set_rules(
            actor=SYSTEM, team=Team.objects.get(slug=model.team), unpriced="allow", allowance="0.4"
        )
    )

    statuses = [budgets.ask(model)[0] for _ in range(3)]

    assert statuses == [200, 200, 402]
    assert budgets.standing(model, budget_id) == (800_000_000, 0)


def test_a_free_model_is_called_whatever_is_left_unless_the_cap_is_0(gateway, simulator):
    model = gateway.make(at=[simulator.path()], prices=("0", "0"))
    budgets.add(model, "0.000000001")

    assert budgets.ask(model)[0] == 200
