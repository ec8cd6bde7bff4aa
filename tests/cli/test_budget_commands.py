"""`llmhub budget`, `llmhub call-rules` and the limits of `llmhub key`."""

from __future__ import annotations

import json

import pytest

from billing.models import ApiKey, Budget
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(llmhub):
    llmhub("team", "create", "Support")
    return ("--scope", "team", "--name", "support")


def test_a_budget_is_made_listed_changed_and_removed(llmhub, support):
    made = json.loads(llmhub("budget", "create", *support, "--per", "month", "--cap", "250.00", "--json")[1])

    assert (made["name"], made["cap"], made["left"], made["hard"]) == ("support", "250", "250", True)
    assert llmhub("budget", "change", str(made["id"]), "--cap", "unlimited", "--soft")[0] == 0
    listed = json.loads(llmhub("budget", "list", *support, "--json")[1])
    assert [(row["id"], row["cap"], row["hard"]) for row in listed] == [(made["id"], None, False)]
    assert "support" in llmhub("budget", "show", str(made["id"]))[1]
    [period] = json.loads(llmhub("budget", "periods", str(made["id"]), "--json")[1])
    assert (period["spent"], period["refused"], period["open"]) == ("0", 0, True)
    told = [row["told"] for row in json.loads(llmhub("budget", "history", str(made["id"]), "--json")[1])]
    assert told == ["Changed cap from 250 to unlimited; hard from yes to no", "Made with a cap of 250"]
    assert llmhub("budget", "remove", str(made["id"]))[0] == 0
    assert "no budget yet" in llmhub("budget", "list")[1]


@pytest.mark.parametrize("cap", ["NaN", "-1", "1e309", str(2**63)])
def test_a_cap_that_is_no_amount_exits_with_1_and_says_why(llmhub, support, cap):
    code, _, err = llmhub("budget", "create", *support, "--per", "day", f"--cap={cap}")

    assert code == 1
    assert cap in err
    assert not Budget.objects.exists()


def test_a_key_is_made_with_its_budget_and_limits_or_not_at_all(llmhub, support):
    create = ("key", "create", "--team", "support", "--name", "bot", "--requests-per-minute", "60")

    assert llmhub(*create, "--budget=-5")[0] == 1
    assert llmhub(*create, "--per", "day")[0] == 1
    assert not ApiKey.objects.exists()
    assert llmhub(*create, "--budget", "5", "--per", "day")[0] == 0

    key, budget = ApiKey.objects.get(), Budget.objects.get()
    assert (key.requests_per_minute, key.tokens_per_minute) == (60, None)
    assert (budget.scope, budget.scope_id, budget.per, budget.cap, budget.hard) == (
        "key",
        key.pk,
        "day",
        5 * 10**9,
        True,
    )


def test_a_key_is_limited_later(llmhub, support):
    llmhub("key", "create", "--team", "support", "--name", "bot")
    key = ApiKey.objects.get()

    assert llmhub("key", "limit", str(key.pk), "--tokens-per-minute", "1000")[0] == 0
    assert ApiKey.objects.get().tokens_per_minute == 1000
    assert llmhub("key", "limit", str(key.pk), "--tokens-per-minute", "0")[0] == 1


def test_call_rules_are_set_and_shown(llmhub, support):
    assert llmhub("call-rules", "set", "--default-output", "500", "--allowance", "0.25")[0] == 0
    assert (
        llmhub("call-rules", "set", "--team", "support", "--unpriced", "allow", "--when-left", "finish")[0]
        == 0
    )

    shown = json.loads(llmhub("call-rules", "show", "--team", "support", "--json")[1])

    assert shown["in_force"] == {
        "default_output_tokens": 500,
        "unpriced": "allow",
        "allowance": "0.25",
        "when_left": "finish",
    }
    assert llmhub("call-rules", "set")[0] == 1


def test_a_key_is_made_for_a_person_who_has_a_budget(llmhub, support):
    person = rows.person("mara@example.org")

    llmhub("key", "create", "--team", "support", "--name", "bot", "--person", "Mara@example.org")
    llmhub(
        "budget", "create", "--scope", "person", "--name", "Mara@example.org", "--per", "day", "--cap", "5"
    )

    assert ApiKey.objects.get().person == person
    assert (Budget.objects.get().scope, Budget.objects.get().scope_id) == ("person", person.pk)
    assert "mara@example.org" in llmhub("key", "list")[1]
    assert llmhub("key", "assign", str(ApiKey.objects.get().pk))[0] == 0
    assert ApiKey.objects.get().person is None
    code, _, err = llmhub("key", "create", "--team", "support", "--name", "b", "--person", "no@example.org")
    assert (code, "nobody has the address" in err) == (1, True)
