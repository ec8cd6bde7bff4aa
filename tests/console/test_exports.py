"""Exports on pages, in the API and by command."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest

from billing import export, export_api, export_views
from billing.export import path_of, remove_export, write_open
from billing.export_models import Export
from llmhub.audit.actor import Actor
from llmhub.cli.main import run
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def spent(settings, tmp_path):
    settings.HOME = tmp_path
    team = rows.team()
    for cost in (3, 20):
        rows.usage(clock.now() - timedelta(minutes=1), cost_nano=cost, team_id=team.pk)
    return team


def days() -> dict[str, str]:
    today = clock.now().date()
    return {"since": str(today - timedelta(days=1)), "until": str(today + timedelta(days=1))}


def test_a_viewer_makes_one_follows_it_and_saves_it(signed_in, swap):
    client = signed_in("viewer")
    assert "No exports yet" in client.get("/exports/").text

    asked = days() | {"of": "requests", "columns": "native", "format": "csv"}
    assert client.post("/exports/", asked).status_code == 302
    waiting = client.get("/exports/", headers=swap).text
    assert ("Waiting" in waiting, 'hx-trigger="tick' in waiting) == (True, True)
    one = Export.objects.get()
    assert client.get(f"/exports/{one.pk}/file/").status_code == 404

    write_open()

    ready = client.get("/exports/", headers=swap).text
    assert ("Ready" in ready, 'hx-trigger="tick' in ready) == (True, False)
    answer = client.get(f"/exports/{one.pk}/file/")
    content = b"".join(answer.streaming_content)
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-SHA256"] == hashlib.sha256(content).hexdigest()
    assert len(list(csv.DictReader(io.StringIO(content.decode())))) == 2

    client.post(f"/exports/{one.pk}/remove/")
    assert not path_of(one).exists()
    assert "Deleted" in client.get("/exports/").text


def test_days_at_the_ends_of_all_time_are_taken(signed_in):
    for since, until in (("0001-01-01", "9999-12-31"), ("9999-12-31", "9999-12-31")):
        asked = {"since": since, "until": until, "of": "requests", "columns": "native", "format": "csv"}
        assert signed_in().post("/exports/", asked).status_code in {302, 422}


@pytest.mark.parametrize(
    "wrong", [{"since": "2026-03-05", "until": "2026-03-04"}, {"of": "people"}, {"since": "x"}, {"until": ""}]
)
def test_what_makes_no_export_is_refused_with_the_reason(signed_in, wrong):
    asked = days() | {"of": "requests", "columns": "native", "format": "csv"} | wrong

    answer = signed_in().post("/exports/", asked)

    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert not Export.objects.exists()


def test_who_may_see_some_teams_finds_no_file_of_others(signed_in, api_as, monkeypatch):
    client = signed_in()
    client.post("/exports/", days() | {"of": "requests", "columns": "native", "format": "csv"})
    write_open()
    one = Export.objects.get()
    monkeypatch.setattr(export, "teams_of", lambda _: frozenset({1}))

    assert "Ready" not in client.get("/exports/").text
    assert client.get(f"/exports/{one.pk}/file/").status_code == 404
    assert client.post(f"/exports/{one.pk}/remove/").status_code == 404
    api = api_as("owner")
    assert api.get("/exports").json()["data"] == []
    assert api.get(f"/exports/{one.pk}").status_code == 404
    assert api.get(f"/exports/{one.pk}/file").status_code == 404
    assert api.delete(f"/exports/{one.pk}").status_code == 404


def test_who_only_reads_deletes_their_own_and_nobody_elses(signed_in, api_as):
    owner, viewer = signed_in("owner"), signed_in("viewer")
    for client in (owner, viewer):
        client.post("/exports/", days() | {"of": "requests", "columns": "native", "format": "csv"})
    write_open()
    others, own = Export.objects.order_by("id")

    page = viewer.get("/exports/").text
    assert (f"/exports/{others.pk}/file/" in page, f"/exports/{others.pk}/remove/" in page) == (True, False)
    assert f"/exports/{own.pk}/remove/" in page
    refused = viewer.post(f"/exports/{others.pk}/remove/")
    assert (refused.status_code, "made this export" in refused.text) == (403, True)
    assert api_as("viewer").delete(f"/exports/{others.pk}").json()["error"]["code"] == "not_allowed"
    assert path_of(others).exists()

    for client, one in ((viewer, own), (owner, others)):
        assert client.post(f"/exports/{one.pk}/remove/").status_code == 302
        assert not path_of(one).exists()


def test_a_key_that_is_named_like_who_made_an_export_is_not_who_made_it(signed_in):
    signed_in("viewer").post("/exports/", days() | {"of": "requests", "columns": "native", "format": "csv"})
    one = Export.objects.get()
    namesake = Actor(
        kind="service_key", label=one.made_by, role="viewer", id=int(one.maker.partition(":")[2])
    )

    with pytest.raises(NotAllowed):
        remove_export(actor=namesake, export=one)


def test_through_the_api(api_as):
    api = api_as("viewer")
    range_ = {"since": "2026-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
    made = api.post("/exports", **range_, columns="focus", format="jsonl")
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    number = made.json()["id"]
    assert api.get(f"/exports/{number}/file").status_code == 404

    write_open()

    shown = api.get(f"/exports/{number}").json()
    assert (shown["state"], shown["rows"], shown["percent"]) == ("done", 2, 100)
    content = b"".join(api.get(f"/exports/{number}/file").streaming_content)
    assert [json.loads(line)["BilledCost"] for line in content.splitlines()] == ["0.000000003", "0.00000002"]
    assert [each["id"] for each in api.get("/exports").json()["data"]] == [number]
    assert api.delete(f"/exports/{number}").status_code == 204
    assert api.post("/exports", since=range_["until"], until=range_["since"]).status_code == 422
    assert api.post("/exports", **range_, columns="pretty").status_code == 422
    ages = {"since": "0001-01-01T00:00:00+14:00", "until": "9999-12-31T23:59:59-12:00"}
    assert api.post("/exports", **ages).status_code == 201
    assert export_api.file_answer is export_views.file_answer  # both doors give the same file


def test_the_command_writes_a_month_to_standard_output_or_a_new_file(capsys, tmp_path):
    month = f"{clock.now():%Y-%m}"

    assert run(["export", "--month", month]) == 0
    assert [row["cost_usd"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == [
        "0.000000003",
        "0.00000002",
    ]
    file = tmp_path / "march.jsonl"
    assert (
        run(["export", "--month", month, "--format", "jsonl", "--team", "support", "--output", str(file)])
        == 0
    )
    assert len(file.read_text().splitlines()) == 2
    assert "2 rows" in capsys.readouterr().out
    assert run(["export", "--output", str(file)]) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--month", "2026-13"], ["--month", "2026-03", "--since", "2026-03-01"], ["--since", "9999-12-31"]],
)
def test_a_range_that_is_none_is_refused(capsys, words):
    assert run(["export", *words]) == 1
    assert capsys.readouterr().err
