"""Providers, credentials, unknown costs and sums that differ: told once, until it is no longer so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import alert_rules
from billing.rollup_models import Discrepancy
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from providers import alert_rules as provider_rules
from providers.models import Credential
from providers.status_change import change_health
from tests.billing import rows

pytestmark = pytest.mark.django_db


def states(rule: str) -> list[tuple[str, str]]:
    return list(Alert.objects.filter(rule=rule).order_by("id").values_list("title", "state"))


def settle(provider, health, evidence="the connection is refused"):
    change_health(provider, health, evidence=evidence, at=clock.now())
    provider.save()


def test_a_provider_that_is_down_is_told_with_what_checks_said_and_each_outage_is_its_own():
    lab = rows.provider()
    settle(lab, "down")
    provider_rules.look()
    provider_rules.look()
    [alert] = Alert.objects.all()
    assert (alert.title, alert.severity, alert.path) == ("Lab is down", "critical", "/providers/lab/")
    assert alert.text.startswith("Checks say: the connection is refused.")

    settle(lab, "up")
    provider_rules.look()
    change_health(lab, "down", evidence="again", at=clock.now() + timedelta(seconds=5))
    lab.save()
    provider_rules.look()

    assert states("provider") == [("Lab is down", "resolved"), ("Lab is down", "firing")]


def test_a_provider_that_is_paused_or_removed_is_nobodys_trouble():
    lab = rows.provider()
    settle(lab, "down")
    provider_rules.look()

    lab.paused_reason = "moving"
    lab.save()
    provider_rules.look()

    assert states("provider") == [("Lab is down", "resolved")]


def test_a_credential_that_is_out_is_told_and_its_provider_is_not_told_of_beside_it():
    lab = rows.provider()
    settle(lab, "refused", "401")
    provider_rules.look()
    assert states("provider") == [("Lab refuses its credential", "firing")]

    row = Credential.objects.create(
        provider=lab, sealed="x", disabled_reason="the provider refused it (401)", disabled_at=clock.now()
    )
    provider_rules.look()
    assert states("provider") == [("Lab refuses its credential", "resolved")]
    assert states("credential") == [("A credential of Lab is out of use", "firing")]

    row.delete()
    provider_rules.look()
    assert states("credential") == [("A credential of Lab is out of use", "resolved")]


def test_a_model_whose_calls_have_no_cost_is_told_until_a_day_without_one():
    entry, now = rows.entry(), clock.now()
    rows.usage(now - timedelta(hours=2), entry_id=entry.pk, cost_nano=None)
    rows.usage(now - timedelta(hours=1), entry_id=entry.pk)

    alert_rules.look(now)
    [alert] = Alert.objects.all()
    assert alert.title == "Nobody knows what calls of acme/small-1 cost"
    assert alert.text.startswith("1 of 2 calls in the last 24 hours are of unknown cost")

    alert_rules.look(now + timedelta(hours=23))
    assert states("unpriced") == [(alert.title, "resolved")]


def test_a_call_that_was_cut_off_says_nothing_of_prices():
    rows.usage(clock.now(), entry_id=rows.entry().pk, cost_nano=None, status="interrupted")

    alert_rules.look()

    assert not Alert.objects.exists()


def differs(kind: str, minutes: int) -> Discrepancy:
    return Discrepancy.objects.create(
        kind=kind, subject="budget 1", period_start=0, expected={}, found={},
        found_at=clock.now() - timedelta(minutes=minutes),
    )  # fmt: skip


def test_sums_that_differ_are_one_alert_and_those_that_heal_by_themselves_get_their_time():
    differs("roll-up", 5)
    alert_rules.look()
    assert states("ledger") == []

    differs("spent", 0)
    differs("held", 0)
    alert_rules.look()
    assert states("ledger") == [("Sums differ from the ledger", "firing")]
    assert "held of budget 1; spent of budget 1." in Alert.objects.get().text

    Discrepancy.objects.update(resolved_at=clock.now())
    alert_rules.look()
    assert states("ledger") == [("Sums differ from the ledger", "resolved")]
