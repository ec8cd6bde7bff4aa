"""Corrections of what was charged on pages, in the API and by command."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from billing.adjustment_models import Adjustment
from billing.models import UsageRecord
from billing.spend import overview
from catalog.models import Offer, Price
from llmhub.cli.main import run
from llmhub.lib import clock, ids
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(offer, team):
    """A call a minute ago that cost 0.0000375 USD by the computed price."""
    at = clock.now() - timedelta(minutes=1)
    about = {"entry_id": offer.entry_id, "provider_id": offer.provider_id, "offer_id": offer.pk}
    record = rows.usage(
        at, team_id=team.pk, cost_nano=37_500, cost_source="computed", attempts=1, input_tokens=1000, **about
    )
    rows.attempt(
        record, 1, id=record.pk, cost_nano=37_500, cost_source="computed", input_tokens=1000, **about
    )
    return record


def made_right(offer: Offer) -> None:
    """Set the price that should have been in force: a tenth."""
    row = Price.objects.filter(offer=offer).latest("effective_from")
    row.pk, row.input = None, row.input / 10
    row.effective_from += timedelta(microseconds=1)
    row.save()


def url_of(record: UsageRecord) -> str:
    return f"/requests/{ids.request_id(record.pk)}/"


def month_of(**only) -> int:
    from zoneinfo import ZoneInfo

    return overview(clock.now(), ZoneInfo("UTC"), **only).month.spend_nano


def test_an_admin_corrects_a_request_and_its_page_has_the_corrected_total(signed_in, call):
    client, viewer = signed_in("admin"), signed_in("viewer")
    assert "?request=" in client.get(url_of(call)).text
    assert "Correct it" not in viewer.get(url_of(call)).text
    page = client.get(f"/adjustments/add/?request={ids.request_id(call.pk)}")
    once = page.context["form"]["once"].value()
    asked = {
        "amount": "-0.00001",
        "reason": "double charge",
        "request": ids.request_id(call.pk),
        "once": once,
    }

    assert client.post("/adjustments/add/", asked).headers["Location"] == url_of(call)
    assert client.post("/adjustments/add/", asked).status_code == 302

    text = viewer.get(url_of(call)).text
    assert ("double charge" in text, "\u22120.00001" in text, "$0.0000275" in text) == (True, True, True)
    assert Adjustment.objects.count() == 1
    assert month_of() == 27_500
    listed = viewer.get("/adjustments/").text
    assert ("double charge" in listed, "Adjustment</a>" in listed) == (True, False)
    own = Adjustment.objects.get().usage_id
    text = viewer.get(f"/requests/{ids.request_id(own)}/").text
    assert ("Corrects" in text, ids.request_id(call.pk) in text, "No attempt was made" in text) == (
        True, True, False,
    )  # fmt: skip
    table = viewer.get("/requests/?status=adjusted").text
    assert ("double charge" in table, "Adjusted" in table, "\u2212$0.00001" in table) == (True, True, True)
    assert "double charge" in viewer.get("/requests/").text


def test_what_is_wrong_is_said_at_its_field(signed_in, call):
    page = signed_in("admin").post(
        "/adjustments/add/",
        {"amount": "much", "reason": "x", "request": ids.request_id(call.pk), "once": "k"},
    )

    assert page.status_code == 422
    assert "no amount" in page.text
    assert not Adjustment.objects.exists()


def test_what_differs_is_shown_before_it_is_posted(signed_in, call, offer):
    client = signed_in("admin")
    made_right(offer)
    today = f"{clock.now():%Y-%m-%d}"
    yesterday = f"{clock.now() - timedelta(days=1):%Y-%m-%d}"
    url = f"/adjustments/reprice/?provider=lab&model=acme/small-1&since={yesterday}&until={today}"

    page = client.get(url)

    assert ("\u22120.00003375" in page.text, "Post 1 adjustment" in page.text) == (True, True)
    assert not Adjustment.objects.exists()
    assert client.post(url, {"reason": "", "once": "k"}).status_code == 422
    assert client.post(url, {"reason": "typo", "once": "k"}).headers["Location"] == "/adjustments/"
    assert Adjustment.objects.get().amount_nano == -33_750
    assert "There is nothing to post" in client.get(url).text
    wrong = client.get(url.replace("small-1", "small-9"))
    assert (wrong.status_code, "no offer" in wrong.text) == (422, True)


def test_the_api_posts_lists_and_shows(api_as, call):
    admin, viewer = api_as("admin"), api_as("viewer")
    body = {"amount": "-0.00001", "reason": "typo", "request": ids.request_id(call.pk), "once": "k"}

    first, again = admin.post("/adjustments", **body), admin.post("/adjustments", **body)

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert viewer.get("/adjustments").json()["data"] == [first.json()]
    assert viewer.get(f"/adjustments?of={body['request']}").json()["data"] == [first.json()]
    assert viewer.get("/adjustments?of=req_0000000000000001").json()["data"] == []
    assert viewer.post("/adjustments", **body).status_code == 403
    shown = viewer.get(f"/usage/{body['request']}").json()
    assert (shown["cost"], shown["corrected_cost"]) == ("0.0000375", "0.0000275")
    assert [each["amount"] for each in shown["adjustments"]] == ["-0.00001"]
    (adjusted,) = viewer.get("/usage?status=adjusted").json()["data"]
    assert (adjusted["adjusts"], adjusted["cost"]) == (body["request"], "-0.00001")
    spend = viewer.get("/reports/spend?group_by=source").json()
    assert {each["value"]: each["total"]["spend"] for each in spend["data"]} == {
        "computed": "0.0000375", "adjusted": "-0.00001",
    }  # fmt: skip
    assert (spend["total"]["spend"], spend["total"]["requests"]) == ("0.0000275", 1)
    wrong = admin.post("/adjustments", **(body | {"amount": "1e3", "once": ""}))
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (422, "amount")


def test_the_api_prices_anew(api_as, call, offer):
    made_right(offer)
    now = clock.now()
    body = {
        "provider": "lab", "model": "acme/small-1", "since": (now - timedelta(days=1)).isoformat(),
        "until": now.isoformat(),
    }  # fmt: skip

    shown = api_as("admin").post("/repricings", **body).json()
    posted = api_as("admin").post("/repricings", **(body | {"post": True, "reason": "typo"})).json()

    assert (shown["difference"], shown["calls"], shown["posted"]) == ("-0.00003375", 1, False)
    assert posted == shown | {"posted": True}
    assert api_as("viewer").post("/repricings", **body).status_code == 403
    assert api_as("admin").post("/repricings", **(body | {"post": True})).status_code == 422


def test_the_command_posts_lists_and_prices_anew(call, offer, capsys):
    one = ("--request", ids.request_id(call.pk), "--amount=-0.00001", "--reason", "typo", "--once", "k")
    assert run(["adjustment", "post", *one]) == run(["adjustment", "post", *one]) == 0
    assert "was there before" in capsys.readouterr().out
    assert run(["adjustment", "post", *one[:2], "--amount=2", *one[3:]]) == 1
    assert "take a new key" in capsys.readouterr().err
    made_right(offer)
    day = f"{clock.now() - timedelta(days=1):%Y-%m-%d}", f"{clock.now() + timedelta(days=1):%Y-%m-%d}"
    again = ("--provider", "lab", "--model", "acme/small-1", "--since", day[0], "--until", day[1])
    assert run(["adjustment", "reprice", *again]) == 0
    assert "post it with --post" in capsys.readouterr().out
    assert run(["adjustment", "reprice", *again, "--post", "--reason", "typo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["difference"] == "-0.00003375"
    assert run(["request", "show", ids.request_id(call.pk)]) == 0
    assert "-0.00003375" in capsys.readouterr().out
    assert run(["adjustment", "list", "--json"]) == 0
    assert [row["amount"] for row in json.loads(capsys.readouterr().out)] == ["-0.00003375", "-0.00001"]


def test_a_key_is_not_used_by_a_correction(signed_in, call, team):
    key = rows.key(team)
    UsageRecord.objects.filter(pk=call.pk).update(key_id=key.pk)
    before = signed_in("admin").get(f"/keys/{key.pk}/").context["row"].last_used_at

    post = {"amount": "1", "reason": "x", "request": ids.request_id(call.pk), "once": "k"}
    signed_in("admin").post("/adjustments/add/", post)

    assert Adjustment.objects.get().key_id == key.pk
    assert signed_in("admin").get(f"/keys/{key.pk}/").context["row"].last_used_at == before


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "2500-01-01T00:00:00Z"])
def test_a_range_that_ends_beyond_all_calls_is_one_until_now(api_as, call, until):
    made_right(Offer.objects.get())
    body = {"provider": "lab", "model": "acme/small-1", "since": "0001-01-01T00:00:00Z", "until": until}

    shown = api_as("admin").post("/repricings", **body)

    assert (shown.status_code, shown.json()["calls"]) == (200, 1)
