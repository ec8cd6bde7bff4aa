"""A model or a route that people call and nobody can answer is told of, until somebody can again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.models import Alias, CatalogEntry, Offer, PublicName
from llmhub.alerts.models import Alert
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.models import Credential, Provider
from routing import alert_rules
from routing.alert_rules import Served
from routing.route import Target, create_route, remove_route
from tests.billing import rows
from tests.catalog.test_breakers import happened


def served(**offers) -> Served:
    return Served("route:fast", "fast", "/routes/fast/", offers)


def test_a_name_is_told_of_only_when_none_of_its_offers_can_be_called():
    assert not list(alert_rules.findings([served(lab="fails", other="")]))
    assert not list(alert_rules.findings([served()]))

    [found] = alert_rules.findings([served(lab="fails", other="paused")])

    assert (found.title, found.severity) == ("Nobody answers calls of fast", "critical")
    assert found.text.startswith("lab fails; other paused. Calls are refused")
    assert (found.subject, found.path) == ("route:fast", "/routes/fast/")


@pytest.fixture
def offers(db):
    entry = rows.entry()
    rows.usage(clock.now() - timedelta(hours=1), entry_id=entry.pk)
    made = [
        Offer.objects.create(entry=entry, provider=rows.provider(slug), upstream_id="s", rank=rank)
        for rank, slug in enumerate(("lab", "other", "third"))
    ]
    Provider.objects.update(needs_credential=False)
    return made


def told() -> list[str]:
    return list(Alert.objects.filter(rule="no_offer").values_list("state", flat=True))


def test_open_paused_and_without_a_credential_are_all_none_and_one_that_comes_back_ends_it(offers):
    lab, other, third = offers
    happened(lab, "open", seconds=30)
    other.provider.paused_reason = "moving"
    other.provider.save()
    alert_rules.look()
    assert told() == []

    Credential.objects.create(provider=third.provider, sealed="x", disabled_reason="refused (401)")
    alert_rules.look()
    alert_rules.look()
    [alert] = Alert.objects.all()
    assert alert.facts["offers"] == {"lab": "fails", "other": "paused", "third": "no credential"}
    assert told() == ["firing"]

    happened(lab, "closed", reason="probe_answered")
    alert_rules.look()
    assert told() == ["firing"]  # one that flaps is told of once
    alert_rules.look(clock.now() + timedelta(seconds=61))
    assert told() == ["resolved"]


def test_of_a_model_that_nobody_calls_nothing_is_told(offers):
    for offer in offers:
        offer.provider.paused_reason = "moving"
        offer.provider.save()

    alert_rules.look(clock.now() + timedelta(hours=30))

    assert told() == []


@pytest.fixture
def route(offers):
    """A route to that model and to another one at the third provider."""
    second = rows.entry("acme/big-1")
    third = rows.provider("fourth")
    Provider.objects.update(needs_credential=False)
    Offer.objects.create(entry=second, provider=third, upstream_id="b", rank=0)
    rows.usage(clock.now() - timedelta(hours=1), requested="fast:floor", entry_id=second.pk)
    targets = [Target(offers[0].entry, offers[0].provider), Target(second)]
    over = [Target(offers[0].entry)]
    return create_route(actor=COMMAND_LINE, name="fast", targets=targets, over_budget=over)


def told_of_the_route() -> list[tuple[str, dict[str, str]]]:
    found = Alert.objects.filter(rule="no_offer", subject="route:fast")
    return [(each.state, each.facts["offers"]) for each in found]


def test_a_route_is_told_of_only_when_none_of_its_targets_can_be_called_and_no_more_when_one_can(
    offers, route
):
    lab, second = offers[0], Offer.objects.get(upstream_id="b")
    happened(lab, "open", seconds=30)
    alert_rules.look()
    assert told_of_the_route() == []  # the other target answers

    second.provider.paused_reason = "moving"
    second.provider.save()
    alert_rules.look()
    alert_rules.look()
    reasons = {"acme/small-1 at lab": "fails", "acme/big-1 at fourth": "paused"}
    assert told_of_the_route() == [("firing", reasons)]
    [alert] = Alert.objects.filter(subject="route:fast")
    assert (alert.path, alert.title) == ("/routes/named/fast/", "Nobody answers calls of fast")

    second.provider.paused_reason = ""
    second.provider.save()
    alert_rules.look()
    assert told_of_the_route() == [("resolved", reasons)]


def test_a_model_that_only_a_route_calls_is_told_of_with_the_route_or_not_at_all(offers, route):
    Provider.objects.filter(slug="fourth").update(paused_reason="moving")
    alert_rules.look()
    assert told() == []  # the route goes on to the other target

    big = CatalogEntry.objects.get(slug="acme/big-1")
    rows.usage(clock.now() - timedelta(hours=25), requested="acme/big-1")
    alias = Alias.objects.create(name=PublicName.objects.create(name="big", kind="alias"), entry=big)
    alert_rules.look()
    assert told() == []

    rows.usage(clock.now() - timedelta(hours=1), requested="big:nitro", entry_id=alias.entry_id)
    alert_rules.look()
    assert list(Alert.objects.values_list("subject", "state")) == [("model:acme/big-1", "firing")]
    alert_rules.look(clock.now() + timedelta(hours=30))
    assert told() == ["firing"]  # what is told of is not over because calls are refused


def test_of_a_route_a_retired_model_and_one_without_a_credential_are_none(offers, route):
    CatalogEntry.objects.filter(slug="acme/big-1").update(sunset_on=clock.now().date())
    Credential.objects.create(provider=offers[0].provider, sealed="x", disabled_reason="refused (401)")

    alert_rules.look()

    reasons = {"acme/small-1 at lab": "no credential", "acme/big-1": "is retired"}
    assert told_of_the_route() == [("firing", reasons)]


def test_of_a_route_that_nobody_calls_nothing_is_told_but_what_is_told_of_stays_while_calls_are_refused(
    offers, route
):
    Provider.objects.update(paused_reason="moving")
    alert_rules.look(clock.now() + timedelta(hours=30))
    assert told_of_the_route() == []

    alert_rules.look()
    alert_rules.look(clock.now() + timedelta(hours=30))
    assert [state for state, _ in told_of_the_route()] == ["firing"]
    assert told() == ["firing", "firing"]  # the route, and the model that is called by its own name

    remove_route(actor=COMMAND_LINE, route=route)
    alert_rules.look(clock.now() + timedelta(hours=30))
    assert [state for state, _ in told_of_the_route()] == ["resolved"]
