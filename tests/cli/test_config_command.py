"""`llmhub config`: the file is checked, applied whole or not at all, and described to editors."""

from __future__ import annotations

import json

import pytest

from catalog.models import CatalogEntry
from llmhub.audit.models import AuditEvent
from llmhub.people.models import Team

pytestmark = pytest.mark.django_db

GOOD = """
[providers.lab]
kind = "custom"
base_url = "http://127.0.0.1:9/v1"

[models."acme/small-1"]
name = "Acme Small 1"
[models."acme/small-1".offers.lab]
id = "small-1"
input = "0.15"
output = "0.60"

[teams.support]
"""
BAD = GOOD.replace("base_url", "base_ulr")


@pytest.fixture
def file(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "llmhub.toml"
        path.write_text(text)
        return str(path)

    return write


def test_a_good_file_is_fine_and_changes_nothing_when_checked(llmhub, file):
    assert llmhub("config", "check", file(GOOD))[0] == 0
    assert not Team.objects.exists()


def test_a_mistake_is_named_with_its_line_and_what_was_meant(llmhub, file):
    code, out, _ = llmhub("config", "check", file(BAD))

    assert code == 1
    assert "llmhub.toml:4:" in out
    assert "base_url" in out
    assert json.loads(llmhub("config", "check", file(BAD), "--json")[1])[0]["line"] == 4


def test_applying_makes_it_so_and_a_second_time_changes_nothing(llmhub, file):
    assert llmhub("config", "apply", file(GOOD))[0] == 0
    assert CatalogEntry.objects.get().offers.get().prices.get().output.as_tuple().digits == (6, 0)
    events = AuditEvent.objects.count()

    assert llmhub("config", "apply", file(GOOD))[0] == 0

    assert AuditEvent.objects.count() == events
    assert AuditEvent.objects.filter(action="team.created", actor_kind="file").exists()


def test_a_bad_file_changes_nothing(llmhub, file):
    code, _, err = llmhub("config", "apply", file(BAD))

    assert code == 1
    assert "base_url" in err
    assert not Team.objects.exists()


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_a_file_that_cannot_be_read_is_a_negative_answer(llmhub, tmp_path, verb):
    code, _, err = llmhub("config", verb, str(tmp_path / "missing.toml"))

    assert code == 1
    assert "missing.toml" in err


def test_the_schema_names_every_section(llmhub):
    schema = json.loads(llmhub("config", "schema")[1])

    assert {"hub", "providers", "models", "aliases", "teams"} <= set(schema["properties"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("http://127.0.0.1:9/v1", "http://169.254.169.254/latest"), "4:1: providers.lab.base_url: 169.254"),
        (("[teams.support]", '[teams."No Slug!"]'), "teams"),
        (("[teams.support]", '[models."acme/small-1".offers.openai]\nid = "x"'), "openai"),
    ],
)
def test_what_would_not_be_applied_is_found_when_it_is_checked(llmhub, file, change, says):
    path = file(GOOD.replace(*change))
    events = AuditEvent.objects.count()

    code, out, _ = llmhub("config", "check", path)

    assert (code, llmhub("config", "apply", path)[0]) == (1, 1)
    assert says in out
    assert AuditEvent.objects.count() == events


def test_every_wrong_address_is_found_at_once(llmhub, file):
    path = file("".join(f'[providers.p{n}]\nkind = "custom"\nbase_url = "ftp://{n}"\n' for n in range(3)))

    assert llmhub("config", "check", path)[1].count("base_url") == 3
