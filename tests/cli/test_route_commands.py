"""`llmhub route`, over a seeded catalog."""

from __future__ import annotations

import json

import pytest

from catalog.seed import seed
from providers.models import Provider
from routing.models import Route

pytestmark = pytest.mark.django_db
MINI, NANO = "openai/gpt-5-mini", "openai/gpt-5-nano"


@pytest.fixture
def catalog(db):
    seed()


def test_a_route_is_made_with_targets_in_their_order_each_with_what_is_said_after_it(llmhub, catalog):
    code, out, err = llmhub(
        "route", "add", "support", "--policy", "weighted", "--to", MINI, "--weight", "3",
        "--to", NANO, "--at", "openai", "--over-budget", NANO, "--require", "tools",
        "--max-cost-multiple", "none", "--no-keeps-sessions", "--escalates", "--default-output", "512",
    )  # fmt: skip

    assert (code, err) == (0, "")
    assert "made support: by chance, in shares of the weights" in out
    shown = json.loads(llmhub("route", "show", "support", "--json")[1])
    assert shown["targets"] == [
        {"model": MINI, "provider": None, "weight": 3},
        {"model": NANO, "provider": "openai", "weight": 1},
    ]
    assert shown["over_budget"] == [{"model": NANO, "provider": None, "weight": 1}]
    assert (shown["require"], shown["max_cost_multiple"], shown["keeps_sessions"]) == (["tools"], None, False)
    assert (shown["escalates"], shown["default_output_tokens"]) == (True, 512)
    llmhub("route", "change", "support", "--default-output", "inherit")
    assert json.loads(llmhub("route", "show", "support", "--json")[1])["default_output_tokens"] is None
    assert f"{MINI} (weight 3), {NANO} at openai" in llmhub("route", "show", "support")[1]
    assert "support" in llmhub("route", "list")[1]
    assert json.loads(llmhub("route", "list", "--json")[1])[0]["policy"] == "weighted"


def test_what_is_not_said_of_a_change_stays(llmhub, catalog):
    llmhub("route", "add", "support", "--to", MINI, "--over-budget", NANO, "--require", "tools")

    assert (
        llmhub("route", "change", "support", "--policy", "cost", "--no-over-budget", "--require-nothing")[0]
        == 0
    )

    shown = json.loads(llmhub("route", "show", "support", "--json")[1])
    assert (shown["policy"], shown["over_budget"], shown["require"]) == ("cost", [], [])
    assert [each["model"] for each in shown["targets"]] == [MINI]
    assert "nothing to change" in llmhub("route", "change", "support")[2]
    assert llmhub("route", "remove", "support")[0] == 0
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("add", "x"), 1, "a route needs a model"),
        (("add", "x", "--to", "openai/gpt5-mini"), 1, f"did you mean {MINI}"),
        (("add", "x", "--to", MINI, "--at", "opnai"), 1, "did you mean openai"),
        (("add", "x", "--to", MINI, "--weight", "5000"), 1, "1000"),
        (("add", "x", "--at", "openai"), 2, "name a model first"),
        (("add", "x", "--to", MINI, "--max-cost-multiple", "lots"), 2, "give one such as 3, or none"),
        (("add", "x", "--to", MINI, "--policy", "best"), 2, "invalid choice"),
        (("show", "suport"), 1, "did you mean support"),
    ],
)
def test_a_wrong_word_gets_the_right_one(llmhub, catalog, words, code, says):
    llmhub("route", "add", "support", "--to", NANO)

    answer = llmhub("route", *words)

    assert answer[0] == code
    assert says in answer[2]


def test_a_call_is_tried_with_a_change_that_is_not_saved(llmhub, catalog):
    Provider.objects.update(needs_credential=False)
    llmhub("route", "add", "support", "--to", MINI, "--to", NANO)

    code, out, err = llmhub("route", "try", "support", "--policy", "cost", "--json")

    assert (code, err) == (0, "")
    assert {each["model"] for each in json.loads(out)["kept"]} == {NANO}  # the other is too dear beside it
    assert (
        f"left out: {MINI} at openai: costs more" in llmhub("route", "try", "support", "--policy", "cost")[1]
    )
    assert "give --to MODEL" in llmhub("route", "try")[2]
    assert llmhub("route", "try", "--to", NANO, "--needs", "audio_in")[0] == 1
    assert Route.objects.get().policy == "priority"
