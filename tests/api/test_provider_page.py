"""What the page of a provider and of a model's offers shows, for programs and on the command line."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from billing.models import UsageRecord
from catalog.models import CatalogEntry, Offer
from catalog.new_model import add_model
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.cli.main import run
from llmhub.lib import clock
from providers.models import Provider
from providers.rates import Rates
from tests.api.test_providers import counted
from tests.billing import rows

pytestmark = pytest.mark.django_db
SECRET = "sk-canary-5f1d0c9b7a"
PRICE = Rates(Decimal("0.15"), Decimal("0.60"))


@pytest.fixture
def api(api_as):
    return api_as("admin")


@pytest.fixture
def lab(api, simulator):
    api.post("/providers", slug="lab", name="Lab", base_url=simulator.path("tokens/20"))
    api.post("/providers/lab/checks")
    return Provider.objects.get(slug="lab")


@pytest.fixture
def llmhub(capsys):
    """A function: run one command, return its exit code and what it prints, read if it is JSON."""

    def command(*words: str):
        code, printed = run(words), capsys.readouterr().out
        return code, json.loads(printed) if "--json" in words else printed

    return command


def test_what_a_provider_lists_says_what_of_it_can_be_called(api, lab, llmhub):
    add_model(
        actor=COMMAND_LINE, provider=lab, upstream_id="sim-small", slug="acme/small", rates=None,
        context_tokens=None,
    )  # fmt: skip
    CatalogEntry.objects.create(slug="acme/sim-large", name="Large")

    listed = {row["upstream_id"]: row for row in api.get("/providers/lab/listings").json()["data"]}
    first = api.get("/providers/lab/listings?limit=1").json()
    searched = api.get("/providers/lab/listings?q=sim small").json()["data"]

    assert len(listed) == lab.listings.count() == 6
    assert (listed["sim-small"]["models"], listed["sim-small"]["known"]) == (["acme/small"], None)
    assert listed["sim-large"]["models"] == []
    assert listed["sim-large"]["known"] == {
        "model": "acme/sim-large", "input": None, "output": None, "price_of": ""
    }  # fmt: skip
    assert (len(first["data"]), first["next_cursor"]) == (1, min(listed))
    assert [row["upstream_id"] for row in searched] == ["sim-small"]
    assert llmhub("provider", "models", "lab", "small", "--json") == (0, searched)
    assert "6 models fit; the first 2 are shown" in llmhub("provider", "models", "lab", "--limit", "2")[1]


def test_the_last_attempts_at_a_provider_name_their_request_and_both_figures_of_its_cost(api, lab, llmhub):
    offer = Offer.objects.create(entry=rows.entry(), provider=lab, upstream_id="s")
    record = rows.usage(clock.now(), entry_id=offer.entry_id, provider_id=lab.pk)
    rows.attempt(
        record, 1, id=record.pk, offer_id=offer.pk, entry_id=offer.entry_id, provider_id=lab.pk,
        cost_nano=2_000_000, computed_nano=1_500_000, cost_source="reported",
    )  # fmt: skip

    found = api.get("/providers/lab/attempts").json()["data"]

    assert [(row["model"], row["provider"], row["cost"], row["computed_cost"]) for row in found] == [
        ("acme/small-1", "lab", "0.002", "0.0015")
    ]
    assert api.get(f"/usage/{found[0]['request_id']}").status_code == 200
    code, printed = llmhub("provider", "attempts", "lab", "--json")
    assert (code, [{**row, "at": found[0]["at"]} for row in printed]) == (0, found)


def test_offers_of_a_model_stand_side_by_side_and_several_at_one_provider_each_with_its_calls(
    api, lab, llmhub, signed_in
):
    offer = counted(lab, 30)
    Offer.objects.create(entry=offer.entry, provider=lab, upstream_id="s-2")
    other = rows.provider("other")
    Offer.objects.create(entry=offer.entry, provider=other, upstream_id="elsewhere")
    rows.usage(clock.now(), entry_id=offer.entry_id, provider_id=lab.pk, cost_nano=2_000_000, latency_ms=100)

    found = api.get("/reports/offers?model=acme/small-1").json()["data"]

    assert [(row["provider"], row["requests"], row["cost_per_1000"]) for row in found] == [
        ("lab", 1, "2"),
        ("other", 0, None),
    ]
    assert [(each["upstream_id"], each["attempts"], each["errors"]) for each in found[0]["offers"]] == [
        ("s", 30, 0)
    ]
    assert found[1]["offers"] == []
    assert llmhub("model", "offers", "acme/small-1", "--json") == (0, found)
    assert "of these" in llmhub("model", "offers", "acme/small-1")[1]
    page = signed_in("viewer").get("/model/offers/acme/small-1/", headers={"HX-Request": "true"}).text
    assert "counted together" in page


def test_a_provider_is_shown_whole_with_what_calls_there_can_ask_for(api, lab, llmhub):
    add_model(
        actor=COMMAND_LINE, provider=lab, upstream_id="sim-small", slug="acme/small", rates=PRICE,
        context_tokens=None,
    )  # fmt: skip

    support = api.get("/providers/lab").json()["support"]
    code, shown = llmhub("provider", "show", "lab", "--json")

    assert "tools" in support
    assert (code, shown["supports"]) == (0, support)
    assert [(offer["model"], offer["prices"][0]["input"]) for offer in shown["offers"]] == [
        ("acme/small", "0.15")
    ]
    assert "acme/small" in llmhub("provider", "show", "lab")[1]


def test_what_a_test_of_a_connection_finds_has_the_price_that_the_catalog_proposes(
    api, lab, simulator, llmhub
):
    add_model(
        actor=COMMAND_LINE, provider=lab, upstream_id="sim-small", slug="acme/small", rates=PRICE,
        context_tokens=None,
    )  # fmt: skip

    found = {row["upstream_id"]: row["known"] for row in
             api.post("/provider-tests", base_url=simulator.path()).json()["found"]}  # fmt: skip
    code, told = llmhub("provider", "test", "--base-url", simulator.path(), "--json")

    assert found["sim-small"] == {"model": "acme/small", "input": "0.15", "output": "0.60", "price_of": "Lab"}
    assert found["sim-large"] is None
    assert (code, told["outcome"], told["call"]) == (0, "ok", None)
    assert {row["upstream_id"]: row["input"] for row in told["models"]}["sim-small"] == "0.15"
    assert not UsageRecord.objects.exists()


def test_a_first_call_before_anything_is_saved_is_audited_and_in_the_ledger_at_once(api, simulator):
    asked = {
        "base_url": simulator.path(f"key/{SECRET}", "tokens/20"),
        "secret": SECRET,
        "upstream_id": "sim-small",
    }

    made = api.post("/provider-tests/calls", **asked, input="0.15", output="0.60").json()

    record, told = UsageRecord.objects.get(), AuditEvent.objects.get(action="provider.first_call").after
    assert made["answered"]
    assert made["cost"] == made["computed_cost"]
    assert (record.cost_centre, record.provider_id, record.cost_nano) == ("health", None, told["cost_nano"])
    assert record.cost_nano == round(made["input_tokens"] * 150 + made["output_tokens"] * 600) > 0
    assert not Provider.objects.exists()
    assert SECRET not in (str(made) + str(told)).replace(f"key/{SECRET}", "")


@pytest.mark.parametrize(
    ("path", "more"), [("/provider-tests", {}), ("/provider-tests/calls", {"upstream_id": "x"})]
)
def test_a_dialect_that_is_not_spoken_there_is_refused_by_name(api, path, more):
    refused = api.post(path, base_url="http://127.0.0.1:9/v1", dialect="month", **more)

    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "dialect")
    assert "use chat or messages" in refused.text


def test_a_first_call_that_may_have_been_answered_is_paid_for(api, simulator):
    asked = {
        "base_url": simulator.path("reset"),
        "upstream_id": "sim-small",
        "input": "0.15",
        "output": "0.60",
    }

    made = api.post("/provider-tests/calls", **asked).json()

    record = UsageRecord.objects.get()
    assert not made["answered"]
    assert (record.status, record.cost_source, record.cost_nano > 0) == ("error", "estimated", True)


def test_a_first_call_that_is_refused_says_why_and_costs_nothing(api, simulator, llmhub, monkeypatch):
    address = simulator.path("status/401")
    refused = api.post("/provider-tests/calls", base_url=address, upstream_id="x").json()
    half = api.post("/provider-tests/calls", base_url=address, upstream_id="x", input="1")
    monkeypatch.setenv("KEY", SECRET)
    at = ("provider", "test", "--base-url", simulator.path(f"key/{SECRET}", "tokens/20"))
    answered = llmhub(*at, "--credential", "env:KEY", "--call", "sim-small", "--input", "1", "--output", "2")

    assert (refused["answered"], refused["cost"]) == (False, None)
    assert half.status_code == 422
    assert answered[0] == 0
    assert "USD at most" in answered[1]
    assert "USD, computed" in answered[1]
    assert llmhub(*at)[0] == 1  # without its key
    assert UsageRecord.objects.count() == 1
