"""`llmhub provider credential` and its neighbours."""

from __future__ import annotations

import json

import pytest

from llmhub.audit.actor import COMMAND_LINE
from providers.credential import set_credential
from providers.credential_state import take_out
from providers.models import Credential, Provider
from providers.provider import create_provider

pytestmark = pytest.mark.django_db
SECRET = "sk-canary-5f1d0c9b7a"


@pytest.fixture
def lab(simulator):
    return create_provider(
        actor=COMMAND_LINE,
        slug="lab",
        name="Lab",
        kind="custom",
        base_url=simulator.path(f"key/{SECRET}-a", "models/2"),
    )


@pytest.fixture
def two(lab):
    for label in ("a", "b"):
        set_credential(actor=COMMAND_LINE, provider=lab, label=label, secret=f"{SECRET}-{label}")
    return {row.label: row for row in Credential.objects.all()}


def listed(llmhub) -> dict[str, dict]:
    return {row["label"]: row for row in json.loads(llmhub("provider", "credentials", "lab", "--json")[1])}


def test_several_are_kept_under_their_labels_with_weights(llmhub, lab, monkeypatch):
    monkeypatch.setenv("ONE", "sk-one-0000001")
    llmhub("provider", "credential", "lab", "env:ONE", "--label", "one", "--weight", "3")
    llmhub("provider", "credential", "lab", "env:ONE", "--label", "two")

    table = llmhub("provider", "credentials", "lab")[1]

    assert [(row.label, row.weight) for row in Credential.objects.all()] == [("one", 3), ("two", 1)]
    assert ("75 %" in table, "25 %" in table, "env:ONE" in table) == (True, True, True)


def test_a_weight_is_changed_and_a_credential_removed(llmhub, two):
    assert llmhub("provider", "set-weight", "lab", "0", "--label", "b")[0] == 0
    assert listed(llmhub)["b"]["state"] == "spare"

    assert llmhub("provider", "remove-credential", "lab", "--label", "b")[0] == 0
    assert listed(llmhub).keys() == {"a"}


def test_one_that_was_taken_out_is_told_and_used_again(llmhub, two):
    take_out(two["a"].pk, two["a"], reason="the provider refuses it")
    out = listed(llmhub)["a"]

    code, _, _ = llmhub("provider", "use-again", "lab", "--label", "a")

    assert (out["state"], out["says"], out["share"]) == ("taken out", "the provider refuses it", None)
    assert (code, listed(llmhub)["a"]["state"]) == (0, "in use")


def test_a_check_says_what_it_found_with_each_and_offers_to_use_one_again(llmhub, two):
    take_out(two["a"].pk, two["a"], reason="the provider refused it")

    code, table, _ = llmhub("provider", "check", "lab")
    rows = json.loads(llmhub("provider", "check", "lab", "--json")[1])

    assert code == 1  # the only one that is in use is refused
    assert "llmhub provider use-again lab --label a" in table
    assert {row["credential"]: row["state"] for row in rows[0]["with"]} == {"a": "ok", "b": "unauthorized"}
    assert Credential.objects.get(label="a").disabled_reason


def test_the_list_of_providers_says_that_none_is_accepted(llmhub, two):
    for row in two.values():
        take_out(row.pk, row, reason="refused")

    assert "no credential is accepted" in llmhub("provider", "list")[1]


@pytest.mark.parametrize(
    "verb", [("set-weight", "lab", "2"), ("use-again", "lab"), ("remove-credential", "lab")]
)
def test_a_label_that_is_not_there_gets_those_that_are(llmhub, two, verb):
    code, _, err = llmhub("provider", *verb, "--label", "c")

    assert (code, "there are a, b" in err) == (1, True)


def test_a_weight_out_of_range_is_refused(llmhub, two):
    assert llmhub("provider", "set-weight", "lab", "-1", "--label", "a")[0] != 0
    assert llmhub("provider", "set-weight", "lab", "99999", "--label", "a")[0] == 1


def test_no_secret_is_shown(llmhub, two):
    said = "".join(
        str(llmhub("provider", *words)) for words in (("credentials", "lab"), ("check", "lab"), ("list",))
    )

    assert SECRET not in said.replace(f"key/{SECRET}", "")
    assert Provider.objects.exists()
