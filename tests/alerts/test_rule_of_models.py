"""A model that people call and nobody can answer is told of, until somebody can again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.models import Offer
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from providers.models import Credential, Provider
from routing import alert_rules
from routing.alert_rules import Served
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
