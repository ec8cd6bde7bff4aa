"""The three doors: command, API and page; and what they may ask of a provider."""

from __future__ import annotations

import json

import pytest

from billing.budget import create_budget
from billing.models import Attempt, UsageRecord
from catalog.alias import add_alias
from catalog.models import Alias, CatalogEntry
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.cli.main import run
from llmhub.lib import ids
from llmhub.people.roles import NotAllowed
from providers.models import Provider
from routing import preflight_probe, small_call

pytestmark = pytest.mark.django_db
ASKED = ("preflight", "--from", "acme/old", "--to", "acme/new")
PAGE = "/switch/?source=acme/old&target=acme/new"


@pytest.fixture
def fast(old_and_new):
    return add_alias(actor=COMMAND_LINE, name="fast", entry=old_and_new.old.entry)


@pytest.fixture
def live(old_and_new, simulator):
    """The same, at a provider that answers with five tokens."""
    simulator.clear()
    Provider.objects.update(base_url=simulator.path("tokens/5", tag="preflight"))
    return lambda: [hit["path"].rsplit("/v1/")[1] for hit in simulator.hits("preflight")]


def test_the_command_says_each_check_and_ends_with_1_where_one_fails(old_and_new, called, capsys):
    assert run(ASKED) == 0
    assert "Nothing fails" in capsys.readouterr().out

    called(needs=("tools",))
    assert run([*ASKED, "--evidence"]) == 1
    said = capsys.readouterr().out
    assert "Not yet: 1 check fails" in said
    assert "capabilities: Calls that gave tools: 1, 100 %; the new model is not said to do this" in said


def test_the_command_speaks_json_and_knows_its_scopes(old_and_new, fast, capsys):
    words = ["preflight", "--to", "acme/new", "--alias", "fast", "--json"]

    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scope"], found["name"], found["source"]) == ("alias", "fast", "acme/old")
    assert run(["preflight", "--from", "acme/old", "--to", "acme/new", "--team", "nobody"]) == 1
    assert "there is no team 'nobody'" in capsys.readouterr().err


def test_the_api_answers_with_checks_and_their_evidence(old_and_new, called, api_as):
    called()

    answer = api_as("viewer").get("/preflights?from=acme/old&to=acme/new&scope=team&name=support")

    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["verdict"], found["scope"], found["name"]) == ("unknown", "team", "support")
    assert {check["name"]: check["status"] for check in found["checks"]}["price"] == "ok"
    assert all(each["what"] and each["value"] for check in found["checks"] for each in check["evidence"])
    assert api_as("viewer").get("/preflights?from=acme/old&to=nothing").status_code == 422


def test_the_page_shows_what_it_is_made_of_and_moves_an_alias(old_and_new, fast, called, signed_in):
    called(requested="fast")
    admin = signed_in("admin")

    text = admin.get(f"{PAGE}&scope=alias&name=fast").text
    assert "Let fast stand for acme/new" in text
    assert f"/keys/{old_and_new.key.pk}/" in text
    assert "/requests/?model=fast" in text

    admin.post("/aliases/move/", {"name": "fast", "model": "acme/new"})
    assert Alias.objects.get().entry.slug == "acme/new"


def test_a_request_says_what_it_asked_for(old_and_new, called, signed_in, api_as):
    asked, old = called(needs=("tools", "stream"), parameters=("top_k",)), called()
    old.needs = old.parameters = None
    old.save()

    page = signed_in("viewer").get(f"/requests/{ids.request_id(asked.pk)}/").text
    shown = {
        row["id"]: (row["needs"], row["parameters"]) for row in api_as("viewer").get("/usage").json()["data"]
    }

    assert "calls tools, streams" in page
    assert "top_k" in page
    assert shown[ids.request_id(asked.pk)] == (["stream", "tools"], ["top_k"])
    assert shown[ids.request_id(old.pk)] == (None, None)


def test_the_page_begins_empty_says_what_is_wrong_and_offers_a_viewer_no_call(old_and_new, fast, signed_in):
    viewer = signed_in("viewer")

    assert "What would it meet?" in viewer.get("/switch/?scope=alias&name=fast").text
    assert viewer.get("/switch/?source=acme/odl&target=acme/new&scope=organisation").status_code == 422
    assert "say which one" in viewer.get(f"{PAGE}&scope=team").text
    shown = viewer.get(f"{PAGE}&scope=alias&name=fast").text
    assert "Make one call" not in shown
    assert "Let fast stand for" not in shown


@pytest.mark.parametrize("url", ["/aliases/", "/models/acme/old/", "/retirements/?discovered=yes"])
def test_it_is_reached_from_where_a_switch_begins(old_and_new, fast, signed_in, url):
    old_and_new.old.entry.replacement = "acme/new"
    old_and_new.old.entry.save()

    assert "/switch/?" in signed_in("viewer").get(url).text


def test_the_desk_asks_for_the_verdict_alone(old_and_new, called, signed_in, capsys):
    old_and_new.old.entry.replacement = "acme/new"
    old_and_new.old.entry.save()
    called(needs=("tools",))
    viewer = signed_in("viewer")
    desk, address = viewer.get("/retirements/").text, f"{PAGE}&scope=organisation"

    verdict = viewer.get(address, headers={"HX-Request": "true"}).text

    assert f'hx-get="{address.replace("&", "&amp;")}"' in desk
    assert "Not yet: 1 check fails" in verdict
    assert "<form" not in verdict
    assert run(["model", "retirements", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["preflight"].startswith("Not yet: 1 check fails")


def test_only_who_configures_the_hub_asks_providers(old_and_new, signed_in, api_as):
    body = {"source": "acme/old", "target": "acme/new", "scope": "organisation", "probe": "free"}

    assert signed_in("viewer").post("/switch/", body).status_code == 403
    asked = api_as("viewer").post("/preflights", probe="one-call", **{"from": "acme/old", "to": "acme/new"})
    assert asked.status_code == 403
    assert not UsageRecord.objects.exists()


@pytest.mark.parametrize("ask", [preflight_probe.make_call, preflight_probe.check_providers])
def test_each_probe_asks_for_the_right_itself(live, ask):
    with pytest.raises(NotAllowed):
        ask(CatalogEntry.objects.get(slug="acme/new"), actor=Actor(kind="user", label="v", role="viewer"))

    assert live() == []


def test_the_free_check_is_made_before_it_is_judged_by(live, api_as):
    answer = api_as("admin").post("/preflights", probe="free", **{"from": "acme/old", "to": "acme/new"})

    found = {check["name"]: check["status"] for check in answer.json()["checks"]}
    assert answer.status_code == 201
    assert found["reachable"] == "ok"
    assert "call" not in found
    assert live() == ["models"]


def test_one_call_is_bounded_recorded_as_health_and_told_before_and_after(live, capsys):
    assert run([*ASKED, "--probe", "one-call"]) == 0

    record, said = UsageRecord.objects.get(), capsys.readouterr()
    assert (record.cost_centre, record.status, record.key_id) == ("health", "ok", None)
    assert record.output_tokens == 5
    assert record.cost_nano > 0
    assert "may cost at most $" in said.err
    assert "was answered in" in said.out
    assert live() == ["models", "chat/completions"]
    assert AuditEvent.objects.filter(action="preflight.called").count() == 1


def test_no_call_is_made_where_a_hard_cap_has_no_room(live, capsys):
    create_budget(actor=COMMAND_LINE, scope="model", name="acme/new", per="day", cap="0.000001")

    assert run([*ASKED, "--probe", "one-call"]) == 0

    assert "The budget model:acme/new per day is hard and it has no room for it" in capsys.readouterr().out
    assert not Attempt.objects.exists()
    assert live() == ["models"]


def test_two_at_once_do_not_both_pass_a_hard_cap(live, capsys, monkeypatch):
    """The other one took what was left after this one had looked."""
    create_budget(actor=COMMAND_LINE, scope="model", name="acme/new", per="day", cap="0.000001")
    monkeypatch.setattr(preflight_probe, "_why_not", lambda *_: "")

    assert run([*ASKED, "--probe", "one-call"]) == 0

    assert "A hard budget has no room left for it" in capsys.readouterr().out
    assert not Attempt.objects.exists()
    assert live() == ["models"]


def test_what_one_call_may_cost_counts_all_it_may_write(old_and_new):
    """16 tokens of answer at 1 USD per million, and the bytes of the question and 50 tokens at 0.5."""
    most = preflight_probe.bound(old_and_new.new.entry)

    sent = len(small_call.content(most.offer))
    assert most.nano == 16 * 1000 + (sent + 50) * 500
    assert b'"max_tokens":16' in small_call.content(most.offer)


def test_a_call_that_fails_is_a_check_that_fails_and_costs_nothing(live, simulator, capsys):
    Provider.objects.update(base_url=simulator.path("status/503", tag="preflight"))

    assert run([*ASKED, "--probe", "one-call"]) == 1

    record = UsageRecord.objects.get()
    assert (record.status, record.cost_nano) == ("error", 0)
    assert "failed after" in capsys.readouterr().out


def test_a_call_that_was_answered_with_what_nobody_can_read_is_paid_for_at_most(live, simulator):
    Provider.objects.update(base_url=simulator.path("garbage", tag="preflight"))

    assert run([*ASKED, "--probe", "one-call"]) == 1

    record, new = UsageRecord.objects.get(), CatalogEntry.objects.get(slug="acme/new")
    assert (record.status, record.cost_nano) == ("error", preflight_probe.bound(new).nano)
