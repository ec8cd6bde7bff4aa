"""`llmhub config`: the file is checked, applied whole or not at all, and described to editors."""

from __future__ import annotations

import io
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


def test_a_plan_says_what_applying_would_change_and_changes_nothing(llmhub, file):
    path = file(GOOD)
    events = AuditEvent.objects.count()

    code, out, _ = llmhub("config", "plan", path)

    assert code == 1
    assert "providers.lab: added\n    kind = custom\n" in out
    assert out.endswith("4 differences\n")
    assert (AuditEvent.objects.count(), Team.objects.exists()) == (events, False)
    assert out in llmhub("config", "apply", path)[1]
    assert llmhub("config", "plan", path) == (0, "the database is as the file says\n", "")


def test_a_plan_for_programs(llmhub, file):
    code, out, _ = llmhub("config", "plan", file("[teams.support]\n"), "--json")

    assert code == 1
    assert json.loads(out) == {
        "differences": [
            {
                "place": "teams.support",
                "change": "added",
                "steps": [{"key": "name", "before": None, "after": "support"}],
            }
        ],
        "becomes_the_files": [],
        "follows_llmhub": [],
        "left_alone": [],
    }


def test_an_export_is_printed_or_written_and_nothing_differs_from_it(llmhub, file, tmp_path):
    llmhub("config", "apply", file(GOOD))
    llmhub("provider", "credential", "lab", "env:LAB")
    path = tmp_path / "out.toml"

    code, out, err = llmhub("config", "export")
    assert llmhub("config", "export", str(path)) == (0, "", "")

    assert (code, err) == (0, "")
    assert path.read_text() == out
    assert 'credentials = [\n  { ref = "env:LAB", label = "default" },\n]' in out
    assert llmhub("config", "plan", str(path))[0] == 0


def test_a_secret_that_was_typed_in_is_named_and_not_written(llmhub, file, monkeypatch):
    llmhub("config", "apply", file(GOOD))
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-typed-in-by-hand-0001"))
    assert llmhub("provider", "credential", "lab", "-")[0] == 0

    code, out, err = llmhub("config", "export")

    assert code == 0
    assert "sk-typed" not in out + err
    assert "llmhub: the credential 'default' of lab was typed in: enter it again" in err


def test_a_file_that_is_there_is_replaced_only_on_purpose(llmhub, file, tmp_path):
    path = file("# precious\n")

    code, _, err = llmhub("config", "export", path)

    assert code == 1
    assert "is there already: --replace writes over it" in err
    assert (tmp_path / "llmhub.toml").read_text() == "# precious\n"
    assert llmhub("config", "export", path, "--replace")[0] == 0
    assert "[hub]" in (tmp_path / "llmhub.toml").read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["llmhub.toml"]
    assert llmhub("config", "export", str(tmp_path / "none" / "x.toml"))[0] == 1


@pytest.mark.parametrize("words", [("plan", "a", "b"), ("export", "--no"), ("plan", "--replace")])
def test_wrong_usage_is_another_answer(llmhub, words):
    assert llmhub("config", *words)[0] == 2


@pytest.mark.parametrize("verb", ["check", "apply", "plan"])
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
