"""Offers and their prices: added, changed, withdrawn; a price is succeeded, never edited."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from catalog.availability import prices_in_force
from catalog.models import Offer, Price
from catalog.offer import add_offer, set_price, update_offer, withdraw_offer
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed
from providers.rates import Rates

CHEAP = Rates(input=Decimal("0.15"), output=Decimal("0.60"))
LONG = Rates(input=Decimal("0.30"), output=Decimal("0.90"), above_input_tokens=200_000)


@pytest.fixture
def offer(admin, small, lab):
    return add_offer(actor=admin, entry=small, provider=lab, upstream_id="small-1")


def test_an_offer_is_added_and_audited(offer):
    assert (offer.rank, offer.params, offer.origin) == (100, {}, "person")
    event = AuditEvent.objects.get()
    assert (event.action, event.object) == ("offer.added", "model:acme/small")
    assert event.after["upstream_id"] == "small-1"
    assert event.after["provider"] == "lab"


def test_the_same_offer_twice_is_refused(admin, small, lab, offer):
    with pytest.raises(ValidationError, match="Lab offers acme/small as small-1 already"):
        add_offer(actor=admin, entry=small, provider=lab, upstream_id="small-1")


def test_a_withdrawn_offer_comes_back_with_its_prices(admin, small, lab, offer):
    set_price(actor=admin, offer=offer, tiers=[CHEAP])
    withdraw_offer(actor=admin, offer=offer)

    again = add_offer(actor=admin, entry=small, provider=lab, upstream_id="small-1", rank=5)

    assert (again.pk, again.withdrawn_at, again.rank) == (offer.pk, None, 5)
    assert again.prices.count() == 1


def test_an_offer_needs_the_provider_s_name_for_the_model(admin, small, lab):
    with pytest.raises(ValidationError, match="upstream_id"):
        add_offer(actor=admin, entry=small, provider=lab, upstream_id="")


def test_rank_and_parameters_are_changed_and_audited(admin, offer):
    update_offer(actor=admin, offer=offer, rank=7)
    update_offer(actor=admin, offer=offer, params={"top_p": 0.9})

    assert Offer.objects.filter(rank=7, params={"top_p": 0.9}).exists()
    last = AuditEvent.objects.first()
    assert (last.action, last.before["params"], last.after["params"]) == ("offer.changed", {}, {"top_p": 0.9})


def test_no_difference_writes_nothing(admin, offer):
    Offer.objects.update(origin="bundled")

    update_offer(actor=admin, offer=offer, rank=100, params={})

    assert AuditEvent.objects.count() == 1
    assert Offer.objects.get().origin == "bundled"


def test_a_withdrawn_offer_stays_as_a_row(admin, offer):
    withdraw_offer(actor=admin, offer=offer)
    withdraw_offer(actor=admin, offer=offer)

    assert Offer.objects.get().withdrawn_at is not None
    assert [event.action for event in AuditEvent.objects.all()] == ["offer.withdrawn", "offer.added"]


def test_a_price_and_its_tiers_begin_at_one_moment(admin, offer):
    prices = set_price(actor=admin, offer=offer, tiers=[CHEAP, LONG], source="https://acme.test/prices")

    assert len({price.effective_from for price in prices}) == 1
    assert list(Price.objects.values_list("above_input_tokens", "input_nano")) == [
        (0, 150_000_000),
        (200_000, 300_000_000),
    ]


def test_the_audit_event_of_a_price_holds_its_numbers(admin, offer):
    set_price(actor=admin, offer=offer, tiers=[CHEAP])

    assert AuditEvent.objects.first().after["tiers"] == [
        {"above_input_tokens": "0", "input": "0.15", "output": "0.60"}
    ]


def test_a_new_price_leaves_the_old_one_as_it_was(admin, offer):
    (old,) = set_price(actor=admin, offer=offer, tiers=[CHEAP])

    set_price(actor=admin, offer=offer, tiers=[Rates(Decimal(1), Decimal(2))])

    assert Price.objects.count() == 2
    assert Price.objects.get(pk=old.pk).input == Decimal("0.15")
    assert offer.prices.begun(clock.now()).first().input == 1


def test_a_price_can_be_announced(admin, offer):
    set_price(actor=admin, offer=offer, tiers=[CHEAP])
    tomorrow = clock.now() + timedelta(days=1)

    set_price(actor=admin, offer=offer, tiers=[Rates(Decimal(1), Decimal(2))], effective_from=tomorrow)

    assert offer.prices.begun(clock.now()).first().input == Decimal("0.15")
    assert offer.prices.begun(tomorrow).first().input == 1


def test_history_is_not_written_backwards(admin, offer):
    set_price(actor=admin, offer=offer, tiers=[CHEAP])

    with pytest.raises(ValidationError, match="begin after it"):
        set_price(actor=admin, offer=offer, tiers=[CHEAP], effective_from=clock.now() - timedelta(days=1))


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([], "base price"),
        ([LONG], "base price"),
        ([CHEAP, LONG, LONG], "tiers must rise"),
        ([CHEAP, Rates(Decimal(1), Decimal(1), cache_read=Decimal(0), above_input_tokens=9)], "cache_read"),
    ],
)
def test_tiers_that_do_not_fit_together_are_refused(admin, offer, tiers, message):
    with pytest.raises(ValidationError, match=message):
        set_price(actor=admin, offer=offer, tiers=tiers)

    assert not Price.objects.exists()


def test_a_bad_tier_takes_its_base_with_it(admin, offer):
    with pytest.raises(ValidationError):
        set_price(
            actor=admin, offer=offer, tiers=[CHEAP, Rates(Decimal(-1), Decimal(1), above_input_tokens=9)]
        )

    assert not Price.objects.exists()


def test_zero_is_a_price_when_it_is_written(admin, offer):
    set_price(actor=admin, offer=offer, tiers=[Rates(Decimal(0), Decimal(0))])

    assert Price.objects.get().input == 0


def test_a_viewer_may_not(viewer, small, lab, offer):
    for change in (
        lambda: add_offer(actor=viewer, entry=small, provider=lab, upstream_id="x"),
        lambda: update_offer(actor=viewer, offer=offer, rank=1),
        lambda: withdraw_offer(actor=viewer, offer=offer),
        lambda: set_price(actor=viewer, offer=offer, tiers=[CHEAP]),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_a_price_of_now_is_set_before_one_that_is_planned_and_a_plan_is_corrected(admin, offer):
    planned = clock.now() + timedelta(days=30)
    set_price(actor=admin, offer=offer, tiers=[CHEAP], effective_from=planned)

    now, *_ = set_price(actor=admin, offer=offer, tiers=[Rates(Decimal(1), Decimal(2))])

    assert prices_in_force([offer], clock.now())[offer.pk] == (now,)
    assert prices_in_force([offer], planned)[offer.pk][0].input == CHEAP.input

    set_price(actor=admin, offer=offer, tiers=[Rates(Decimal(3), Decimal(4))], effective_from=planned)

    assert sorted(price.input for price in offer.prices.all()) == [1, 3]
