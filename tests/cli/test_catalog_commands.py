"""`llmhub model`, `provider` and `alias`, against a seeded catalog and a server on a real port."""

from __future__ import annotations

import io
import json

import pytest

from catalog.models import Alias
from catalog.seed import seed
from providers.credential import reveal
from providers.models import Credential, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalog(db):
    seed()


def test_models_are_listed_in_two_sections(llmhub, catalog):
    code, out, _ = llmhub("model", "list")

    assert code == 0
    assert "Curated: " in out
    assert "Discovered: 0" in out
    assert "openai/gpt-5-mini" in out


def test_a_model_is_shown_with_its_prices(llmhub, catalog):
    shown = json.loads(llmhub("model", "show", "openai/gpt-5-mini", "--json")[1])

    assert shown["offers"][0]["prices"][0]["input"] == "0.25"
    assert "needs a credential" in llmhub("model", "show", "openai/gpt-5-mini")[1]


def test_a_wrong_id_gets_the_nearest_ones(llmhub, catalog):
    code, _, err = llmhub("model", "show", "openai/gpt5-mini")

    assert code == 1
    assert "did you mean openai/gpt-5-mini" in err


def test_a_search_without_a_hit_is_a_negative_answer(llmhub, catalog):
    assert llmhub("model", "search", "mini", "openai")[0] == 0
    assert llmhub("model", "search", "nonsense-model")[0] == 1


def test_an_alias_is_added_listed_moved_and_removed_under_both_names(llmhub, catalog):
    assert llmhub("alias", "add", "fast", "openai/gpt-5-mini")[0] == 0
    assert "fast" in llmhub("provider", "alias", "list")[1]
    assert llmhub("alias", "move", "fast", "openai/gpt-5-nano")[0] == 0
    assert Alias.objects.get().entry.slug == "openai/gpt-5-nano"
    assert "see `llmhub alias list`" in llmhub("alias", "move", "quick", "openai/gpt-5-mini")[2]
    assert llmhub("provider", "alias", "remove", "fast")[0] == 0
    assert not Alias.objects.exists()


def test_a_provider_is_added_checked_and_paused(llmhub, simulator):
    added = llmhub("provider", "add", "lab", "--base-url", f"{simulator.url}/v1", "--no-credential")

    assert added[0] == 0
    assert llmhub("provider", "check", "lab")[0] == 0
    assert "ok" in llmhub("provider", "list")[1]
    llmhub("provider", "pause", "lab", "bills")
    assert "paused: bills" in llmhub("provider", "list")[1]


def test_a_server_of_the_messages_dialect_is_added_by_saying_so(llmhub, simulator):
    words = ("provider", "add", "lab", "--base-url", simulator.path(), "--no-credential", "--dialect")

    assert llmhub(*words, "mumbled")[0] == 1
    assert llmhub(*words, "messages")[0] == 0
    assert Provider.objects.get().dialect == "messages"


def test_a_check_that_fails_is_a_negative_answer_that_says_why(llmhub):
    llmhub("provider", "add", "lab", "--base-url", "http://127.0.0.1:9/v1", "--no-credential")

    code, out, _ = llmhub("provider", "check", "lab")

    assert code == 1
    assert "unreachable" in out


def test_all_that_can_be_called_are_checked_and_one_that_is_not_well_is_the_exit_code(llmhub, simulator):
    for slug, path in (("well", "tokens/3"), ("busy", "status/429")):
        llmhub("provider", "add", slug, "--base-url", simulator.path(path), "--no-credential")
    llmhub("provider", "add", "new", "--kind", "openai")  # needs a credential
    llmhub("provider", "add", "away", "--base-url", "http://127.0.0.1:9/v1", "--no-credential")
    llmhub("provider", "pause", "away", "moving house")

    code, out, _ = llmhub("provider", "check", "--json")

    assert {row["provider"]: row["health"] for row in json.loads(out)} == {"well": "up", "busy": "up"}
    assert code == 0
    llmhub("provider", "resume", "away")
    assert llmhub("provider", "check")[0] == 1
    assert {
        row["provider"]: row["health"] for row in json.loads(llmhub("provider", "list", "--json")[1])
    } == {
        "well": "up",
        "busy": "up",
        "new": "unknown",
        "away": "down",
    }


def test_a_credential_comes_from_standard_input_or_a_reference_never_from_the_command_line(
    llmhub, catalog, monkeypatch
):
    provider = Provider.objects.get(slug="openai")
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-canary-0123456789\n"))
    monkeypatch.setenv("LAB_KEY", "sk-from-the-environment")

    assert llmhub("provider", "credential", "openai", "-")[0] == 0
    assert reveal(provider.credentials.get()) == "sk-canary-0123456789"
    assert llmhub("provider", "credential", "openai", "env:LAB_KEY")[0] == 0
    assert reveal(provider.credentials.get()) == "sk-from-the-environment"
    code, _, err = llmhub("provider", "credential", "openai", "sk-canary-0123456789")
    assert (code, "history" in err) == (1, True)
    assert Credential.objects.get().reference == "env:LAB_KEY"


def test_a_model_is_added_with_its_price_and_a_wrong_one_changes_nothing(llmhub, simulator):
    llmhub("provider", "add", "lab", "--base-url", simulator.path(), "--no-credential")
    words = ("model", "add", "acme/small-1", "--provider", "lab", "--context", "8000")

    assert llmhub(*words, "--input", "0.15")[0] == 1
    assert llmhub(*words, "--input", "0.15", "--output", "x")[0] == 1
    assert llmhub("model", "show", "acme/small-1")[0] == 1
    assert llmhub(*words, "--input", "0.15", "--output", "0.60")[0] == 0

    offer = json.loads(llmhub("model", "show", "acme/small-1", "--json")[1])["offers"][0]
    assert (offer["upstream_id"], offer["prices"][0]["output"]) == ("small-1", "0.60")


def test_the_parameters_of_a_call_are_checked(llmhub, catalog, tmp_path):
    body = tmp_path / "call.json"
    body.write_text(
        '{"model": "x", "reasoning_effort": "max", "temperature": 0.2, "max_completion_tokens": 9}'
    )
    command = ("model", "check-parameters", "openai/gpt-5-mini", "--body", str(body))

    code, out, _ = llmhub(*command)
    shown = json.loads(llmhub(*command, "--json")[1])

    assert code == 1
    assert "reasoning_effort is 'max': it must be one of minimal, low, medium, high" in out
    assert "The model is not said to take temperature" in out
    assert shown["corrected"] == {"model": "x", "reasoning_effort": "high", "max_completion_tokens": 9}
    body.write_text(json.dumps(shown["corrected"]))
    assert llmhub(*command)[:2] == (0, "every parameter fits what openai/gpt-5-mini is said to take\n")
    assert llmhub(*command, "--json")[0] == 0


def test_a_body_that_is_none_says_what_to_do(llmhub, catalog, tmp_path, monkeypatch):
    body = tmp_path / "call.json"
    command = ("model", "check-parameters", "openai/gpt-6-luna", "--body")

    assert "cannot read" in llmhub(*command, str(body))[2]
    body.write_text("[1]")
    assert "holds no object" in llmhub(*command, str(body))[2]
    body.write_text('{"a": 1,}')
    assert "no JSON: line 1, column" in llmhub(*command, str(body))[2]
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    code, _, err = llmhub(*command, "-")
    assert (code, "nobody said what openai/gpt-6-luna takes" in err) == (0, True)
