"""What billing shows on the pages of providers and models: attempts, and offers side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import attempts_read
from billing.attempts_read import recent_attempts
from billing.offer_figures import offer_figures
from billing.rollup import recompute
from catalog.models import Offer
from llmhub.lib import clock, ids
from providers.models import Provider
from tests.billing import rows

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def tried(offer, *, minutes=1.0, number=1, **values):
    """An attempt of a request made some minutes ago."""
    record = rows.usage(
        clock.now() - MINUTE * minutes, entry_id=offer.entry_id, provider_id=offer.provider_id
    )
    return rows.attempt(
        record,
        number,
        id=record.pk,
        offer_id=offer.pk,
        entry_id=offer.entry_id,
        provider_id=offer.provider_id,
        **values,
    )


def other_offer(offer, number: int) -> Offer:
    return Offer.objects.create(entry=offer.entry, provider=offer.provider, upstream_id=f"other-{number}")


def test_the_last_attempts_of_all_its_offers_come_newest_first(offer, monkeypatch):
    monkeypatch.setattr(attempts_read, "_AT_ONCE", 2)
    made = [
        tried(each, minutes=minutes).pk
        for minutes, each in enumerate([offer, *(other_offer(offer, n) for n in range(4))], start=1)
    ]

    found = recent_attempts(offer.provider, now=clock.now())

    assert [row.attempt.pk for row in found] == made


def test_only_fifty_and_only_of_the_last_seven_days(offer):
    tried(offer, minutes=60 * 24 * 8)
    for minutes in range(60):
        tried(offer, minutes=minutes)

    found = recent_attempts(offer.provider, now=clock.now())

    assert len(found) == 50
    assert found[0].at > found[-1].at


def test_each_attempt_leads_to_its_request(signed_in, offer, swap, django_assert_num_queries):
    tried(offer, status="error", error_code="upstream_timeout", http_status=504, number=2)
    tried(
        offer,
        minutes=2,
        http_status=200,
        latency_ms=1500,
        ttft_ms=300,
        input_tokens=1234,
        cost_nano=1_234_567,
    )
    client = signed_in("viewer")

    # session, person, provider, offers, newest, attempts, entries, zone
    with django_assert_num_queries(8):
        part = client.get("/providers/lab/attempts/", headers=swap).text

    newest = recent_attempts(offer.provider, now=clock.now())[0]
    assert f'href="/requests/{ids.request_id(newest.attempt.usage_id)}/#attempt-2"' in part
    for words in ("upstream_timeout", "HTTP 504", "1.5 s", "300 ms", "$0.00123"):
        assert words in part


def test_without_attempts_it_says_what_will_be_here(signed_in, lab, swap):
    assert (
        "No attempts in the last 7 days"
        in signed_in("viewer").get("/providers/lab/attempts/", headers=swap).text
    )


@pytest.fixture
def second(offer) -> Provider:
    """One more provider of the model."""
    provider = Provider.objects.create(
        slug="second", name="Second", kind="custom", dialect="chat", base_url="http://127.0.0.1:8/v1"
    )
    Offer.objects.create(entry=offer.entry, provider=provider, upstream_id="small-2")
    return provider


def call(offer, provider, *, minutes=1.0, **values):
    about = {"entry_id": offer.entry_id, "provider_id": provider.pk, "latency_ms": 100}
    rows.usage(clock.now() - MINUTE * minutes, **{**about, **values})


@pytest.mark.parametrize("rolled_up", [False, True])
def test_the_figures_of_each_provider_are_its_own(offer, second, rolled_up):
    old = 60.0  # minutes: in a bucket that has ended
    call(offer, offer.provider, minutes=old, cost_nano=1_000_000, ttft_ms=40)
    call(offer, offer.provider, minutes=old, cost_nano=3_000_000, latency_ms=120, ttft_ms=60)
    call(offer, second, minutes=old, status="error", cost_nano=None)
    call(offer, second, minutes=1, cost_nano=5_000_000, latency_ms=90)
    call(offer, second, minutes=60 * 24 * 8, cost_nano=9_000_000_000)  # too long ago
    rows.usage(clock.now() - MINUTE, entry_id=rows.entry("acme/other").pk, provider_id=second.pk)
    if rolled_up:
        assert recompute()

    found = offer_figures(offer.entry_id, now=clock.now())

    lab, other = found[offer.provider_id], found[second.pk]
    assert (lab.requests, lab.errors, lab.nano_per_1000) == (2, 0, 2_000_000_000)
    assert (lab.latency_p50_ms, lab.ttft_p50_ms) == (100, 40)
    assert (other.requests, other.errors, other.unpriced, other.nano_per_1000) == (2, 1, 1, 5_000_000_000)
    assert (other.latency_p50_ms, other.ttft_p50_ms) == (90, None)


def test_the_offers_of_a_model_stand_side_by_side(signed_in, offer, second, swap, django_assert_num_queries):
    call(offer, offer.provider, cost_nano=2_000_000)
    client = signed_in("viewer")

    with django_assert_num_queries(9):  # session, person, model, floor, sums, times, offers, scores, zone
        part = " ".join(client.get("/model/offers/acme/small-1/", headers=swap).text.split())

    assert "1 call in the last 7 days" in part
    assert "100 %" in part
    assert "$2.00" in part
    assert "small-2" in part


def test_a_provider_that_offers_it_no_more_keeps_its_figures(signed_in, offer, second, swap):
    call(offer, second)
    Offer.objects.filter(provider=second).update(withdrawn_at=clock.now())

    assert "offers it no more" in signed_in("viewer").get("/model/offers/acme/small-1/", headers=swap).text


def test_offers_are_moved_and_added_on_the_page_of_a_model(signed_in, offer, second):
    client = signed_in("admin")

    client.post(f"/offers/{offer.pk}/move/", {"to": "later"})
    to_form = client.get("/offers/add/", {"model": "acme/small-1", "provider": "second"})

    assert list(offer.entry.offers.values_list("provider__slug", flat=True)) == ["second", "lab"]
    assert to_form["Location"] == "/providers/second/models/add/?slug=acme%2Fsmall-1"
    assert client.get(to_form["Location"]).context["form"]["slug"].value() == "acme/small-1"


def test_a_viewer_is_offered_no_change_of_the_order(signed_in, offer, second):
    page = signed_in("viewer").get("/models/acme/small-1/").text

    assert "Try it earlier" not in page
    assert "Add an offer" not in page
