"""Providers through the management API, against a server on a real port."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog import offer_scores
from catalog.models import CatalogEntry, Offer
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from providers import statistics_rows
from providers.check import Check, Outcome
from providers.credential import reveal
from providers.credential_state import take_out
from providers.degradation_watch import Baselines, minute_of
from providers.models import Credential, Provider
from providers.saved_check import keep_check
from providers.tally import Outcome as Ended
from providers.tally import Tally

pytestmark = pytest.mark.django_db
SECRET = "sk-canary-5f1d0c9b7a"


@pytest.fixture
def api(api_as):
    return api_as("admin")


@pytest.fixture
def lab(api, simulator):
    api.post("/providers", slug="lab", name="Lab", base_url=f"{simulator.url}/v1")
    return Provider.objects.get(slug="lab")


def test_a_provider_is_added_and_shown(api, simulator):
    made = api.post("/providers", slug="lab", name="Lab", base_url=f"{simulator.url}/v1")

    assert made.status_code == 201, made.content
    assert api.get("/providers/lab").json() == made.json()
    assert made.json()["credentials"] == []


def test_a_check_says_what_it_found(api, lab):
    checked = api.post("/providers/lab/checks").json()

    assert checked["check_outcome"] == "ok"
    assert checked["checked_at"]


def test_a_credential_is_write_only(api, lab):
    answer = api.client.put(
        "/api/v1/providers/lab/credentials/default", {"secret": SECRET}, content_type="application/json"
    )

    shown = answer.content + api.get("/providers").content + api.get("/providers/lab").content
    assert answer.json()["hint"] == SECRET[-4:]
    assert SECRET.encode() not in shown
    assert SECRET not in Credential.objects.get().sealed
    assert not [event for event in AuditEvent.objects.all() if SECRET in f"{event.before}{event.after}"]


def test_a_new_base_url_clears_the_credential(api, lab, simulator):
    put = api.client.put
    put("/api/v1/providers/lab/credentials/default", {"secret": SECRET}, content_type="application/json")

    api.patch("/providers/lab", base_url=f"{simulator.url}/latency/1/v1")

    assert not Credential.objects.exists()


def test_a_provider_is_paused_and_resumed(api, lab):
    assert api.patch("/providers/lab", paused_reason="bills").json()["paused_reason"] == "bills"
    assert api.patch("/providers/lab", paused_reason="").json()["paused_reason"] == ""


def test_a_removed_provider_is_gone_from_the_list(api, lab):
    assert api.delete("/providers/lab").status_code == 204

    assert "lab" not in [row["slug"] for row in api.get("/providers").json()["data"]]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"base_url": "ftp://example.com"}, "base_url"),
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"kind": "nonsense"}, "kind"),
        ({"slug": "Bad Slug"}, "slug"),
        ({"slug": "add"}, "slug"),
        ({"dialect": "morse"}, "dialect"),
    ],
)
def test_a_provider_that_makes_no_sense_is_refused_with_its_field(api, simulator, change, param):
    body = {"slug": "lab", "name": "Lab", "base_url": f"{simulator.url}/v1"} | change

    response = api.post("/providers", **body)

    assert response.status_code == 422
    assert response.json()["error"]["param"] == param


def test_a_viewer_changes_nothing(api_as, lab):
    viewer = api_as("viewer")

    assert viewer.get("/providers").status_code == 200
    for refused in (
        viewer.post("/providers", slug="x", name="x"),
        viewer.patch("/providers/lab", name="x"),
        viewer.delete("/providers/lab"),
        viewer.post("/providers/lab/checks"),
    ):
        assert refused.status_code == 403


def add(api, label, **body):
    return api.post("/providers/lab/credentials", label=label, secret=f"{SECRET}-{label}", **body)


def test_several_credentials_share_the_calls_by_weight(api, lab):
    made = add(api, "a", weight=3)
    add(api, "b", weight=1)

    listed = api.get("/providers/lab/credentials").json()["data"]

    assert (made.status_code, made.json()["state"]) == (201, "in_use")
    assert [(row["label"], row["weight"], row["share"]) for row in listed] == [("a", 3, 0.75), ("b", 1, 0.25)]
    assert api.patch("/providers/lab/credentials/b", weight=3).json()["share"] == 0.5


def test_adding_replaces_nothing(api, lab):
    add(api, "a")

    again = add(api, "a")

    assert (again.status_code, again.json()["error"]["param"]) == (422, "label")
    assert reveal(Credential.objects.get()) == f"{SECRET}-a"


def test_one_that_was_taken_out_is_used_again(api, lab):
    add(api, "a")
    kept = Credential.objects.get()
    take_out(kept.pk, kept, reason="the provider refuses it")

    out = api.get("/providers/lab/credentials").json()["data"][0]
    used = api.post("/providers/lab/credentials/a/use-again").json()

    assert (out["state"], out["share"], out["disabled_reason"]) == (
        "taken_out",
        None,
        "the provider refuses it",
    )
    assert out["disabled_at"]
    assert (used["state"], used["disabled_reason"], used["disabled_at"]) == ("in_use", "", None)


def test_a_label_may_hold_a_slash(api, lab):
    add(api, "file:/run/secrets/key")

    assert api.patch("/providers/lab/credentials/file:/run/secrets/key", weight=0).status_code == 200
    assert api.post("/providers/lab/credentials/file:/run/secrets/key/use-again").status_code == 200
    assert api.delete("/providers/lab/credentials/file:/run/secrets/key").status_code == 204
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"label": "a", "secret": SECRET, "colour": "red"}, "colour"),
        ({"label": "a"}, "secret"),
        ({"label": "a", "secret": SECRET, "reference": "env:HOME"}, "secret"),
        ({"label": "a", "reference": "env:HOME"}, "reference"),
        ({"label": "a", "secret": "two words"}, "secret"),
        ({"label": "a", "secret": SECRET, "weight": -1}, "weight"),
        ({"label": "a", "secret": SECRET, "weight": 1001}, "weight"),
        ({"label": "", "secret": SECRET}, "label"),
    ],
)
def test_a_credential_that_makes_no_sense_is_refused_with_its_field(api, lab, body, param):
    response = api.post("/providers/lab/credentials", **body)

    assert (response.status_code, response.json()["error"]["param"]) == (422, param)
    assert not Credential.objects.exists()
    assert SECRET not in response.text


@pytest.mark.parametrize("body", [{}, {"weight": None}, {"weight": 1, "secret": SECRET}])
def test_only_a_weight_can_be_patched(api, lab, body):
    add(api, "a")

    assert api.patch("/providers/lab/credentials/a", **body).status_code == 422


def test_what_is_not_there_is_a_404_that_says_so(api, lab):
    for answer in (
        api.patch("/providers/lab/credentials/x", weight=1),
        api.post("/providers/lab/credentials/x/use-again"),
        api.delete("/providers/lab/credentials/x"),
        api.get("/providers/none/credentials"),
    ):
        assert answer.status_code == 404
    assert "no credential 'x'" in api.delete("/providers/lab/credentials/x").json()["error"]["message"]


def test_a_viewer_sees_credentials_and_changes_none(api, api_as, lab):
    add(api, "a")
    viewer = api_as("viewer")

    assert viewer.get("/providers/lab/credentials").status_code == 200
    for refused in (
        add(viewer, "b"),
        viewer.patch("/providers/lab/credentials/a", weight=2),
        viewer.post("/providers/lab/credentials/a/use-again"),
        viewer.delete("/providers/lab/credentials/a"),
    ):
        assert refused.status_code == 403
    assert Credential.objects.get().weight == 1


def test_a_check_says_what_it_found_with_each_credential(api, simulator):
    address = f"{simulator.url}/key/{SECRET}-a/v1"
    api.post("/providers", slug="lab", name="Lab", base_url=address)
    for label in ("a", "b"):
        add(api, label)

    checked = api.post("/providers/lab/checks").json()

    found = {row["label"]: row["check_outcome"] for row in checked["credentials"]}
    assert found == {"a": "ok", "b": "unauthorized"}
    assert checked["check_outcome"] == "ok"


def test_health_and_each_change_of_it_are_told_a_page_at_a_time(api, lab):
    for outcome in (Outcome.OK, Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.OK):
        keep_check(lab, Check(outcome, f"said {outcome}", latency_ms=7), [])

    shown = api.get("/providers/lab").json()
    first = api.get("/providers/lab/status-changes?limit=2").json()
    rest = api.get(f"/providers/lab/status-changes?limit=2&cursor={first['next_cursor']}").json()

    assert (shown["health"], shown["check_latency_ms"]) == ("up", 7)
    assert [(row["before"], row["after"], row["evidence"]) for row in first["data"] + rest["data"]] == [
        ("down", "up", "said ok"),
        ("up", "down", "said timeout"),
        ("", "up", "said ok"),
    ]
    assert not rest["next_cursor"]
    assert api.get("/providers/nobody/status-changes").status_code == 404


def test_a_provider_says_what_its_calls_came_to_and_its_score(api, lab):
    before = api.get("/providers/lab").json()["evidence"]
    assert (before["score"], before["calls"], before["reckoned_at"]) == (None, 0, None)

    offer = counted(lab, 100)
    found = api.get("/providers/lab").json()
    latency = api.get("/reports/latency?hours=2&provider=lab").json()["data"]

    score = found["evidence"]["score"]
    assert Decimal(score["value"]) == sum(
        Decimal(score[name]) for name in ("reliability", "latency", "throughput")
    )
    assert (score["value"], found["evidence"]["calls"]) == ("95.6", 100)
    assert found["evidence"]["latency_ms"] == pytest.approx(800, rel=0.01)
    assert [(row["model"], row["calls"], row["score"]["value"]) for row in latency] == [
        (offer.entry.slug, 100, "95.6")
    ]
    assert api.get("/reports/latency").json()["data"] == latency
    assert api.get("/reports/latency?model=other").json()["data"] == []
    assert api.get("/reports/latency?hours=169").status_code == 422


def counted(lab, calls):
    entry = CatalogEntry.objects.create(slug="acme/small-1", name="Small")
    offer = Offer.objects.create(entry=entry, provider=lab, upstream_id="s")
    tally = Tally()
    for _ in range(calls):
        tally.add(Ended("ok", latency_ms=800, tokens_per_second=50))
    at = minute_of(clock.now())
    statistics_rows.write([statistics_rows.row_of(statistics_rows.Kept(offer.pk, at, "a", tally))])
    offer_scores.look(baselines=Baselines())
    return offer
