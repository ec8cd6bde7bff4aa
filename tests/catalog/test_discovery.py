"""Discovery: what a list changes in the catalog, and what it never changes."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
import time_machine

from catalog import discovery
from catalog.discovery_models import CatalogEvent, DiscoveryRun, DiscoveryState, HeldList
from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer, Origin, Price
from catalog.offer import add_offer, set_price
from catalog.price_history import sources
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.models import ListedModel, Provider
from providers.rates import Rates
from tests.fixtures.lists import START, many, row

pytestmark = pytest.mark.django_db


def events():
    return [(event.upstream_id, event.kind, event.state) for event in CatalogEvent.objects.order_by("id")]


def prices(slug):
    rows = Price.objects.filter(offer__entry__slug=slug).order_by("effective_from")
    return [(price.input, price.origin) for price in rows]


def test_a_first_list_makes_discovered_models_and_no_events(take):
    run = take(many(250), hour=0)

    entry = CatalogEntry.objects.get(slug="acme/m7")
    assert (run.outcome, run.listed, run.counts) == ("first", 250, {"new": 250})
    assert (entry.source, entry.context_tokens, entry.name) == ("discovered", 8_000, "Acme/M7")
    assert prices("acme/m7") == [(Decimal(1), Origin.DISCOVERED)]
    assert not CatalogEvent.objects.exists()


def test_a_list_twice_is_unchanged(take):
    take(many(), hour=0)
    before = Price.objects.count()

    assert take(many(), hour=1).outcome == "unchanged"
    assert (Price.objects.count(), CatalogEvent.objects.count()) == (before, 0)


def test_each_thing_that_changed_is_one_event_and_is_applied_to_what_was_discovered(take):
    take(many(), hour=0)

    take(
        [
            row("acme/m0", price="0.000002"),
            row("acme/m1", context=16_000),
            row("acme/m2", supported_parameters=["tools"]),
            row("acme/m3", expiration_date="2027-01-01"),
            *many()[4:],
            row("acme/new"),
        ],
        hour=1,
    )

    assert events() == [
        ("acme/m0", "price_up", "applied"),
        ("acme/m1", "context_changed", "applied"),
        ("acme/m2", "capability_gained", "applied"),
        ("acme/m3", "deprecated", "applied"),
        ("acme/new", "new", "open"),
    ]
    changed = CatalogEvent.objects.earliest("id")
    assert changed.before["tiers"] == [{"input": "1", "output": "4", "above_input_tokens": 0}]
    assert changed.after["tiers"] == [{"input": "2", "output": "4", "above_input_tokens": 0}]
    assert prices("acme/m0") == [(Decimal(1), "discovered"), (Decimal(2), "discovered")]
    assert CatalogEntry.objects.get(slug="acme/m1").context_tokens == 16_000
    assert str(CatalogEntry.objects.get(slug="acme/m3").sunset_on) == "2027-01-01"


def test_what_a_person_wrote_is_never_changed(router, take):
    entry = create_entry(actor=COMMAND_LINE, slug="acme/m0", context_tokens=5, capabilities=["tools"])
    with time_machine.travel(START - timedelta(days=1), tick=False):
        offer = add_offer(actor=COMMAND_LINE, entry=entry, provider=router, upstream_id="acme/m0")
        set_price(actor=COMMAND_LINE, offer=offer, tiers=[Rates(Decimal(9), Decimal(9))])
    take(many(), hour=0)

    take([row("acme/m0", price="0.000002", context=1, supported_parameters=["seed"]), *many()[1:]], hour=1)
    take(many()[1:], hour=2)
    take(many()[1:], hour=9)

    entry.refresh_from_db()
    offer.refresh_from_db()
    assert (entry.context_tokens, entry.capabilities, entry.withdrawn_at) == (5, ["tools"], None)
    assert offer.withdrawn_at is None
    assert prices("acme/m0") == [(Decimal(9), "person")]
    assert [state for *_, state in events()] == ["open"] * 3
    assert all(event.is_curated for event in CatalogEvent.objects.all())


def test_a_curated_model_keeps_an_offer_that_follows_the_list(router, take):
    take(many(), hour=0)
    CatalogEntry.objects.filter(slug="acme/m0").update(
        source="curated", origin=Origin.PERSON, context_tokens=5
    )

    take([row("acme/m0", price="0.000002", context=1), *many()[1:]], hour=1)

    assert prices("acme/m0") == [(Decimal(1), "discovered"), (Decimal(2), "discovered")]
    assert events() == [("acme/m0", "price_up", "applied"), ("acme/m0", "context_changed", "open")]
    assert CatalogEntry.objects.get(slug="acme/m0").context_tokens == 5


def test_a_curated_model_gets_no_offer_by_itself(router, take):
    create_entry(actor=COMMAND_LINE, slug="acme/new")
    take(many(), hour=0)

    take([*many(), row("acme/new")], hour=1)

    assert events() == [("acme/new", "new", "open")]
    assert not Offer.objects.filter(entry__slug="acme/new").exists()


def test_a_model_vanishes_after_six_hours_of_absence_and_can_come_back(take):
    take(many(), hour=0)
    take(many(19), hour=1)
    assert not CatalogEvent.objects.exists()
    take(many(19), hour=6)
    assert CatalogEntry.objects.get(slug="acme/m19").withdrawn_at is None

    take(many(19), hour=7)
    assert events() == [("acme/m19", "vanished", "applied")]
    assert CatalogEntry.objects.get(slug="acme/m19").withdrawn_at
    assert Offer.objects.get(upstream_id="acme/m19").withdrawn_at

    take([*many(19), row("acme/m19", price="0.000003")], hour=8)
    assert events()[1:] == [("acme/m19", "back", "applied")]
    assert CatalogEntry.objects.get(slug="acme/m19").withdrawn_at is None
    assert prices("acme/m19")[-1] == (Decimal(3), "discovered")


def test_a_model_that_was_away_for_a_moment_is_no_event(take):
    take(many(), hour=0)
    take(many(19), hour=1)
    take(many(), hour=2)
    take(many(19), hour=7)

    assert not CatalogEvent.objects.exists()
    assert ListedModel.objects.get(upstream_id="acme/m19").missing_since == START + timedelta(hours=7)


def test_half_a_list_is_held_back_until_a_person_believes_it(router, take):
    take(many(), hour=0)

    held = take(many(10), hour=1)
    assert (held.outcome, held.said) == ("held", "10 of 20 models are gone")
    assert not ListedModel.objects.exclude(missing_since=None).exists()
    assert not CatalogEvent.objects.exists()

    run = discovery.accept_held(router, actor=COMMAND_LINE)
    assert (run.outcome, run.trigger, run.counts) == ("changed", "accepted", {"vanished": 10})
    assert not HeldList.objects.exists()
    assert CatalogEntry.objects.listed().count() == 10


def test_a_held_list_goes_when_a_good_one_comes_or_a_person_discards_it(router, take):
    take(many(), hour=0)
    take(many(10), hour=1)
    take(many(), hour=2)
    assert not HeldList.objects.exists()

    take(many(price="0.00001"), hour=3)
    discovery.discard_held(router, actor=COMMAND_LINE)

    assert not HeldList.objects.exists()
    assert prices("acme/m0") == [(Decimal(1), "discovered")]


def test_a_price_that_is_lost_stays_in_force_and_is_told(take):
    take(many(), hour=0)

    take([row("acme/m0", price="-1"), *many()[1:]], hour=1)

    assert events() == [("acme/m0", "price_lost", "open")]
    assert prices("acme/m0") == [(Decimal(1), "discovered")]
    beside = {
        slug: sources(CatalogEntry.objects.get(slug=slug), clock.now())[0] for slug in ("acme/m0", "acme/m1")
    }
    assert {slug: row.is_price_unsaid for slug, row in beside.items()} == {"acme/m0": True, "acme/m1": False}
    assert beside["acme/m0"].disagree


def test_a_later_event_about_the_same_thing_takes_the_place_of_the_one_before(router, take):
    with time_machine.travel(START - timedelta(days=1), tick=False):
        entry = create_entry(actor=COMMAND_LINE, slug="acme/m0")
        offer = add_offer(actor=COMMAND_LINE, entry=entry, provider=router, upstream_id="acme/m0")
        set_price(actor=COMMAND_LINE, offer=offer, tiers=[Rates(Decimal(1), Decimal(4))])
    take(many(), hour=0)
    take([row("acme/m0", price="0.000002"), *many()[1:]], hour=1)
    take([row("acme/m0", price="0.0000005"), *many()[1:]], hour=2)

    assert [state for *_, state in events()] == ["superseded", "open"]


def test_a_price_that_cannot_be_kept_is_not_called_applied(take):
    take(many(), hour=0)

    pricing = {"prompt": "0.000001", "completion": "0.000004", "input_cache_read": "20"}  # a unit mistake
    take([row("acme/m0") | {"pricing": pricing}, *many()[1:]], hour=1)

    assert events()[0] == ("acme/m0", "price_up", "open")
    assert prices("acme/m0") == [(Decimal(1), "discovered")]


def test_a_failure_is_a_run_that_says_why_and_comes_up_again_soon(router):
    Provider.objects.filter(pk=router.pk).update(base_url="http://127.0.0.1:9")

    runs = discovery.discover_due()

    state = DiscoveryState.objects.get(provider=router)
    assert [run.outcome for run in runs] == ["failed"]
    assert "refused" in state.error
    assert state.succeeded_at is None
    assert timedelta(0) < state.next_at - state.failed_at <= discovery.RETRY_AFTER
    assert discovery.discover_due() == []


def test_a_file_that_is_no_list_is_refused(take):
    with pytest.raises(Exception, match="holds no list of models"):
        take("x", hour=0)
    assert not DiscoveryRun.objects.exists()


@pytest.mark.recordings
def test_the_real_lists_of_two_weeks_day_by_day(router, recordings):
    days = json.loads((recordings / "openrouter_models" / "CHANGES.json").read_text())
    counted = {day["date"]: day for day in days}
    paths = sorted((recordings / "openrouter_models").glob("2026-07-*.json"))
    for path in paths:
        rows = json.loads(path.read_text())
        content = json.dumps(rows if isinstance(rows, dict) else {"data": rows}).encode()
        with time_machine.travel(datetime.fromisoformat(path.stem).replace(tzinfo=UTC), tick=False):
            run = discovery.take_file(router, content, actor=COMMAND_LINE)
        assert run.outcome in {"first", "changed"}

    found = defaultdict(list)
    for event in CatalogEvent.objects.select_related("run"):
        kind = "price" if event.kind.startswith("price") else event.kind
        found[str(event.run.started_at.date()), kind].append(event.upstream_id)
    dates = [path.stem for path in paths]
    for yesterday, today in pairwise(dates):
        assert sorted(found[today, "price"]) == sorted(counted[today]["price_changed"])
        assert sorted(found[today, "new"]) == sorted(counted[today]["added"])
        if yesterday != dates[0]:  # absence is believed a day later
            assert sorted(found[today, "vanished"]) == sorted(counted[yesterday]["removed"])
