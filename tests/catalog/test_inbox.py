"""The inbox: what accepting writes, promotion, and rules that decide without asking."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from catalog import inbox, pricing
from catalog.alias import add_alias
from catalog.discovery_models import CatalogEvent, InboxRule
from catalog.entry import create_entry
from catalog.model_search import models
from catalog.models import CatalogEntry, Offer, Price, PublicName
from catalog.offer import add_offer, set_price, withdraw_offer
from catalog.price_history import history
from catalog.promote import promote
from catalog.rule_book import remove_rule, sentence, set_rule
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.people.roles import NotAllowed
from providers.rates import Rates
from routing.load import load_snapshot
from tests.fixtures.lists import START, many, row

pytestmark = pytest.mark.django_db


def freeze(*, hour):
    """Run a test at an hour after its lists begin."""
    return time_machine.travel(START + timedelta(hours=hour), tick=False)


@pytest.fixture
def curated(router, take):
    """A model that a person wrote, offered and priced, which the first list knows too."""
    with time_machine.travel(START - timedelta(days=1), tick=False):
        entry = create_entry(
            actor=COMMAND_LINE, slug="acme/m0", context_tokens=5, capabilities=["tools", "vision"]
        )
        offer = add_offer(actor=COMMAND_LINE, entry=entry, provider=router, upstream_id="acme/m0")
        set_price(actor=COMMAND_LINE, offer=offer, tiers=[Rates(Decimal(9), Decimal(9))])
    take([row("acme/m0", supported_parameters=["tools", "reasoning"]), *many()[1:]], hour=0)
    return entry


def changed(take, **more):
    """Change the model that a person wrote, and return the one open event about it."""
    more = {"supported_parameters": ["tools", "reasoning"], **more}
    take([row("acme/m0", **more), *many()[1:]], hour=1)
    return CatalogEvent.objects.get(state="open")


def price():
    newest = Price.objects.filter(offer__entry__slug="acme/m0").latest("effective_from", "id")
    return newest.input, newest.output, newest.origin


def test_accepting_a_price_writes_the_listed_one_with_its_source_and_stays_a_persons(take, curated):
    event = changed(take, price="0.000002", output="0.000005")

    inbox.accept(actor=COMMAND_LINE, event=event)

    event.refresh_from_db()
    newest = Price.objects.latest("id")
    assert price() == (Decimal(2), Decimal(5), "person")
    assert newest.source == "https://openrouter.ai/api/v1/models"
    assert str(newest.checked_on) == "2026-11-01"
    assert (event.state, event.decided_by) == ("accepted", "command line")
    said = AuditEvent.objects.latest("id")
    assert (said.action, said.object, said.after["event"]) == ("inbox.accepted", "model:acme/m0", event.pk)


def test_accepting_keeps_what_is_computed_with_and_what_is_not(take, curated):
    raw = row("acme/m0", price="0.000002", supported_parameters=["tools", "reasoning"])
    raw["pricing"] |= {"web_search": "0.01", "audio": "0.000002"}
    take([raw, *many()[1:]], hour=1)

    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))

    newest = Price.objects.latest("id")
    assert (newest.web_search, newest.meters) == (Decimal("0.01"), {"audio": "0.000002"})


@pytest.mark.parametrize(
    ("more", "field", "expected"),
    [
        ({"context": 16_000}, "context_tokens", 16_000),
        ({"top_provider": {"max_completion_tokens": 99}}, "output_limit_tokens", 99),
        ({"supported_parameters": ["tools"]}, "capabilities", ["tools", "vision"]),
        (
            {"supported_parameters": ["tools", "reasoning", "structured_outputs"]},
            "capabilities",
            ["tools", "vision", "json_schema"],
        ),
        ({"expiration_date": "2027-01-01"}, "sunset_on", date(2027, 1, 1)),
        ({"name": "M Nought"}, "name", "M Nought"),
    ],
)
def test_accepting_a_fact_writes_it(take, curated, more, field, expected):
    named = more.pop("name", None)
    rows = row("acme/m0", **{"supported_parameters": ["tools", "reasoning"], **more})
    take([{**rows, "name": named or rows["name"]}, *many()[1:]], hour=1)

    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))

    curated.refresh_from_db()
    assert getattr(curated, field) == expected


def silent(take, hour=1):
    """The list says no price of the model any more: the event that tells so."""
    take([row("acme/m0", price="-1", supported_parameters=["tools", "reasoning"]), *many()[1:]], hour=hour)
    return CatalogEvent.objects.get(kind="price_lost", state="open")


def in_force(hour):
    """What the gateway would price a call with at an hour."""
    at = START + timedelta(hours=hour)
    with freeze(hour=hour):
        [entry] = [each for each in load_snapshot().entries.values() if each.slug == "acme/m0"]
    return [str(price.input) for offer in entry.offers for price in pricing.in_force(offer.prices, at=at)]


@freeze(hour=2)
def test_accepting_that_no_price_is_said_any_more_ends_it_from_then_on(take, curated):
    event = silent(take)
    assert (in_force(0), in_force(2)) == (["9"], ["9"])

    inbox.accept(actor=COMMAND_LINE, event=event)

    assert (in_force(1), in_force(2)) == (["9"], [])  # a call that began before costs what it cost
    [step] = history(curated)
    assert (step.price.input, step.until, step.ended) == (9, START + timedelta(hours=2), True)
    [now] = models([curated.slug])
    assert now.cheapest is None
    said = AuditEvent.objects.get(action="price.ended")
    assert (said.object, said.before["tiers"][0]["input"]) == ("model:acme/m0", "9")


def test_a_price_that_ended_begins_again_when_the_list_says_one(take):
    create_entry(actor=COMMAND_LINE, slug="acme/m0")
    take(many()[1:], hour=0)
    take(many(), hour=1)
    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))
    with freeze(hour=24 * 365):
        inbox.accept(actor=COMMAND_LINE, event=silent(take, hour=24 * 365 - 1))
    assert in_force(24 * 365) == []

    take([row("acme/m0", supported_parameters=["tools", "reasoning"]), *many()[1:]], hour=24 * 365 + 1)

    assert in_force(24 * 365 + 1) == ["1"]


@freeze(hour=2)
def test_ignoring_that_no_price_is_said_any_more_keeps_the_last(take, curated):
    inbox.ignore(actor=COMMAND_LINE, event=silent(take))

    assert in_force(3) == ["9"]
    assert not Price.objects.exclude(ends_at=None).exists()


@freeze(hour=2)
def test_a_price_that_was_set_after_the_list_fell_silent_is_not_ended(take, curated):
    event = silent(take)
    set_price(
        actor=COMMAND_LINE, offer=Offer.objects.get(entry=curated), tiers=[Rates(Decimal(7), Decimal(7))]
    )

    with pytest.raises(ValidationError, match="another price of acme/m0 was set since"):
        inbox.accept(actor=COMMAND_LINE, event=event)

    assert in_force(3) == ["7"]


def test_accepting_that_it_vanished_withdraws_the_offer_and_that_it_is_back_offers_it_again(take, curated):
    for hour in (1, 8):
        take(many()[1:], hour=hour)
    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))
    assert Offer.objects.get(entry=curated).withdrawn_at

    take([row("acme/m0", price="0.000003"), *many()[1:]], hour=9)
    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))

    assert Offer.objects.get(entry=curated).withdrawn_at is None
    assert price() == (Decimal(3), Decimal(4), "person")


def test_accepting_a_new_offer_of_a_curated_model_makes_it_follow_the_list(take):
    create_entry(actor=COMMAND_LINE, slug="acme/m0")
    take(many()[1:], hour=0)
    take(many(), hour=1)

    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get(state="open"))
    assert price() == (Decimal(1), Decimal(4), "discovered")

    take([row("acme/m0", price="0.000002"), *many()[1:]], hour=24 * 365)
    assert price() == (Decimal(2), Decimal(4), "discovered")
    assert CatalogEvent.objects.latest("id").state == "applied"


def test_what_is_decided_superseded_or_applied_is_not_decided_again(take, curated):
    event = changed(take, context=16_000)
    inbox.ignore(actor=COMMAND_LINE, event=event)
    with pytest.raises(ValidationError, match="command line has ignored it already"):
        inbox.accept(actor=COMMAND_LINE, event=event)

    first = changed(take, context=17_000)
    take([row("acme/m0", context=18_000, supported_parameters=["tools", "reasoning"]), *many()[1:]], hour=2)
    with pytest.raises(ValidationError, match="a later event about the same"):
        inbox.accept(actor=COMMAND_LINE, event=first)

    curated.refresh_from_db()
    assert curated.context_tokens == 5


def test_one_that_is_refused_keeps_no_other_back(take, curated):
    take(
        [row("acme/m0", context=9, supported_parameters=["tools", "reasoning"]), *many()[1:], row("x/y")],
        hour=1,
    )
    withdraw_offer(actor=COMMAND_LINE, offer=Offer.objects.get(upstream_id="x/y"))

    decided = inbox.accept_all(actor=COMMAND_LINE, events=CatalogEvent.objects.filter(state="open"))

    assert [event.kind for event in decided.done] == ["context_changed"]
    assert decided.refused == ("x/y: no provider offers x/y: add it at a provider that has it",)


def test_a_viewer_decides_nothing(take, curated):
    event = changed(take, context=16_000)
    viewer = Actor(kind="user", label="v@example.org")

    for decide in (inbox.accept, inbox.ignore):
        with pytest.raises(NotAllowed):
            decide(actor=viewer, event=event)
    with pytest.raises(NotAllowed):
        promote(actor=viewer, entry=CatalogEntry.objects.get(slug="acme/m1"))
    with pytest.raises(NotAllowed):
        set_rule(actor=viewer, kind="new", action="accept")


def test_promotion_takes_a_discovered_model_into_the_catalog_with_what_was_found(take):
    take(many(), hour=0)
    take([*many(), row("x/y")], hour=1)

    entry = promote(actor=COMMAND_LINE, entry=CatalogEntry.objects.get(slug="x/y"), as_name="quick")

    assert (entry.source, entry.origin, entry.slug) == ("curated", "person", "x/y")
    assert set(PublicName.objects.values_list("name", "kind")) == {("x/y", "entry"), ("quick", "alias")}
    assert Offer.objects.get(entry=entry).origin == "discovered"
    event = CatalogEvent.objects.get()
    assert (event.state, event.decided_by) == ("accepted", "command line")
    assert AuditEvent.objects.filter(action="model.promoted", object="model:x/y").exists()


def test_accepting_a_new_model_promotes_it(take):
    take(many(), hour=0)
    take([*many(), row("x/y")], hour=1)

    inbox.accept(actor=COMMAND_LINE, event=CatalogEvent.objects.get())

    assert CatalogEntry.objects.get(slug="x/y").source == "curated"
    assert CatalogEvent.objects.get().state == "accepted"


def test_what_cannot_be_promoted_says_why_and_nothing_is_written(take):
    take(many(), hour=0)
    one, two, three = CatalogEntry.objects.order_by("slug")[:3]
    one = promote(actor=COMMAND_LINE, entry=one)
    add_alias(actor=COMMAND_LINE, name="taken", entry=one)
    Offer.objects.filter(entry=three).update(withdrawn_at=START)

    def refusal(entry, **more):
        with pytest.raises(ValidationError) as refused:
            promote(actor=COMMAND_LINE, entry=entry, **more)
        return " ".join(refused.value.messages)

    assert "is in the catalog already" in refusal(one)
    assert "'taken' is taken: it is an alias of acme/m0" in refusal(two, as_name="taken")
    assert f"no provider offers {three.slug}" in refusal(three)
    CatalogEntry.objects.filter(pk=three.pk).update(withdrawn_at=START)
    assert "is withdrawn" in refusal(three)
    assert set(PublicName.objects.values_list("name", flat=True)) == {"acme/m0", "taken"}


def test_rules_decide_after_a_run_and_say_so(router, take, curated):
    set_rule(actor=COMMAND_LINE, kind="price_down", action="accept")
    set_rule(actor=COMMAND_LINE, kind="context_changed", action="ignore", provider=router)

    take(
        [
            row("acme/m0", price="0.0000005", context=16_000, supported_parameters=["tools"]),
            *many()[1:],
        ],
        hour=1,
    )

    decided = dict(CatalogEvent.objects.values_list("kind", "state"))
    assert decided == {"price_down": "accepted", "context_changed": "ignored", "capability_lost": "open"}
    assert CatalogEvent.objects.get(kind="price_down").decided_by == "rule: accept price down"
    assert CatalogEvent.objects.get(kind="context_changed").decided_by == (
        "rule: ignore context changed at Router"
    )
    assert price() == (Decimal("0.5"), Decimal(4), "person")


def test_always_ask_comes_before_a_rule_that_accepts(router, take, curated):
    set_rule(actor=COMMAND_LINE, kind="capability_lost", action="hold")
    set_rule(actor=COMMAND_LINE, kind="capability_lost", action="accept", provider=router)

    assert changed(take, supported_parameters=["tools"]).kind == "capability_lost"


def test_a_rule_whose_decision_cannot_be_written_leaves_the_event_open(router, take):
    set_rule(actor=COMMAND_LINE, kind="new", action="accept")
    take(many(), hour=0)
    create_entry(actor=COMMAND_LINE, slug="x/y")
    CatalogEntry.objects.filter(slug="x/y").update(withdrawn_at=START)

    take([*many(), row("x/y"), row("x/z")], hour=1)

    assert dict(CatalogEvent.objects.values_list("upstream_id", "state")) == {
        "x/y": "open",
        "x/z": "accepted",
    }


def test_a_rule_takes_the_place_of_the_one_for_the_same_and_can_be_removed(router):
    set_rule(actor=COMMAND_LINE, kind="new", action="accept")
    rule = set_rule(actor=COMMAND_LINE, kind="new", action="hold")
    same = set_rule(actor=COMMAND_LINE, kind="new", action="hold")

    assert [sentence(each) for each in InboxRule.objects.all()] == ["always ask about new"]
    assert same == rule
    remove_rule(actor=COMMAND_LINE, rule=rule)
    assert not InboxRule.objects.exists()
    with pytest.raises(ValidationError):
        set_rule(actor=COMMAND_LINE, kind="moved", action="accept")
