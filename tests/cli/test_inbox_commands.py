"""`llmhub inbox` and what `llmhub model` does with discovery."""

from __future__ import annotations

import json
import tomllib

import pytest

from catalog.discovery_models import CatalogEvent, InboxRule
from catalog.models import Alias, CatalogEntry
from llmhub.config.schema import Config
from tests.fixtures.lists import many, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(take):
    take(many(), hour=0)
    take([*many(), row("x/y"), row("x/z")], hour=1)
    return [str(pk) for pk in CatalogEvent.objects.order_by("id").values_list("pk", flat=True)]


def test_the_inbox_is_listed_and_decided_on(llmhub, news):
    listed = json.loads(llmhub("inbox", "--json")[1])
    assert [(event["model"], event["kind"]) for event in listed] == [("x/z", "new"), ("x/y", "new")]
    assert "context 8k tokens" in llmhub("inbox", "--provider", "or", "--kind", "new")[1]

    assert llmhub("inbox", "accept", news[0])[0] == 0
    code, out, err = llmhub("inbox", "ignore", *news)

    assert (code, f"ignored {news[1]}: x/z" in out) == (1, True)
    assert "accepted it already" in err
    assert CatalogEntry.objects.get(slug="x/y").source == "curated"
    assert "nothing waits" in llmhub("inbox")[1]
    assert len(json.loads(llmhub("inbox", "--all", "--json")[1])) == 2
    assert llmhub("inbox", "accept", "999")[0] == 1


def test_a_model_is_promoted_or_the_lines_of_the_file_are_printed(llmhub, news):
    code, out, _ = llmhub("model", "promote", "x/y", "--as", "quick", "--print-toml")
    assert code == 0
    assert Config.model_validate(tomllib.loads(out)).aliases == {"quick": "x/y"}
    assert not Alias.objects.exists()

    assert llmhub("model", "promote", "x/y", "--as", "quick")[0] == 0
    code, _, err = llmhub("model", "promote", "x/y")

    assert Alias.objects.get().entry.slug == "x/y"
    assert (code, "in the catalog already" in err) == (1, True)


def test_a_list_is_read_from_a_file_and_one_that_is_held_waits(llmhub, take, tmp_path):
    file = tmp_path / "list.json"
    take(many(), hour=0)
    file.write_text(json.dumps({"data": many(5)}))

    code, out, _ = llmhub("model", "refresh", "--provider", "or", "--from-file", str(file))
    assert (code, "15 of 20 models are gone" in out) == (1, True)
    assert llmhub("model", "held", "accept", "or")[:2] == (0, "applied: 15 vanished\n")
    assert llmhub("model", "held", "discard", "or")[0] == 1

    assert llmhub("model", "refresh", "--from-file", str(file))[0] == 1
    assert llmhub("model", "refresh", "--provider", "or", "--from-file", "nowhere")[0] == 1


def test_lists_are_read_now(llmhub, simulator):
    llmhub("provider", "add", "lab", "--base-url", f"{simulator.url}/models/3/v1", "--no-credential")
    llmhub("provider", "add", "gone", "--base-url", "http://127.0.0.1:9/v1", "--no-credential")

    code, out, _ = llmhub("model", "refresh", "--provider", "lab", "--json")
    assert (code, json.loads(out)[0]["changes"]) == (0, {"new": 3})
    code, out, _ = llmhub("model", "refresh", "--json")

    assert code == 1
    assert {run["provider"]: run["outcome"] for run in json.loads(out)} == {
        "gone": "failed",
        "lab": "unchanged",
    }


def test_rules_are_added_listed_and_removed(llmhub, router):
    assert llmhub("inbox", "rules", "add", "hold", "capability_lost")[0] == 0
    assert llmhub("inbox", "rules", "add", "accept", "price_down", "--provider", "or")[0] == 0

    rules = json.loads(llmhub("inbox", "rules", "list", "--json")[1])
    assert [rule["says"] for rule in rules] == [
        "always ask about capability lost",
        "accept price down at Router",
    ]
    assert llmhub("inbox", "rules", "remove", str(rules[0]["id"]))[0] == 0
    assert llmhub("inbox", "rules", "remove", "999")[0] == 1
    assert InboxRule.objects.get().kind == "price_down"
    assert llmhub("inbox", "rules", "add", "accept", "moved")[0] == 2
