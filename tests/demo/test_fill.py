"""A demo home: filled once, consistent, and unable to call anybody."""

from __future__ import annotations

import json
import socket
import sqlite3
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum

from billing import budget_alerts, reconcile, rollup_bucket
from billing.adjustment_models import Adjustment
from billing.budget_state import states
from billing.models import ApiKey, Attempt, Budget, Counter, UsageRecord
from billing.raise_models import RaiseRequest
from billing.retirement_notice import still_called
from billing.rollup_models import DirtyBucket, RollUp
from catalog.discovery_models import CatalogEvent
from catalog.models import Alias, CatalogEntry, Price
from catalog.pricing import cost_of
from catalog.seed import seed
from llmhub.alerts.models import Channel, Delivery
from llmhub.audit import log
from llmhub.demo import cast, fill, setting
from llmhub.demo.owners import HOOK
from llmhub.demo.setting import KEYS
from llmhub.lib import clock, ids, secrets
from llmhub.people.invitation import opened
from llmhub.people.models import Membership, Team, User
from providers.evidence_models import KeptScore, MinuteStatistic
from providers.model_list import can_list
from providers.models import Provider
from providers.wire import Usage
from routing.touches import touches

URL = "http://127.0.0.1:9"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prepare(settings, request, tmp_path):
    settings.DEMO = True
    settings.HOME = settings.HOME if "filled" in request.fixturenames else tmp_path
    return lambda: fill.prepare(URL, days=4)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder for a demo home that is filled once, and what is in its database then."""
    return tmp_path_factory.mktemp("demo"), sqlite3.connect(":memory:", check_same_thread=False)


@pytest.fixture
def filled(settings, kept):
    """A demo home just filled: on SQLite once for all tests of this file, each has it as it was then."""
    settings.DEMO = True
    settings.HOME, copy = kept
    connection.ensure_connection()
    if connection.vendor == "sqlite" and copy.execute("SELECT 1 FROM sqlite_master").fetchone():
        copy.backup(connection.connection)
        return
    fill.prepare(URL, days=4)
    if connection.vendor == "sqlite":
        connection.connection.backup(copy)


def rows(model):
    return list(model.objects.order_by("pk").values())


def test_records_and_attempts_agree_to_the_last_digit(filled):
    attempts = defaultdict(list)
    for attempt in Attempt.objects.all():
        attempts[attempt.usage_id].append(attempt)
    records = list(UsageRecord.objects.filter(refusals=0).exclude(status="adjusted"))
    assert len(records) > 1_000
    assert any(record.repeated_nano for record in records)  # Savings tells of them
    for record in records:
        own = attempts.pop(record.pk)
        assert record.attempts == len(own)
        assert record.input_tokens == sum(a.input_tokens for a in own)
        assert record.output_tokens == sum(a.output_tokens for a in own)
        if record.cost_source == "unpriced":
            assert record.cost_nano is None
            assert record.unpriced_reason
        else:
            assert record.cost_nano == sum(a.cost_nano or 0 for a in own)
    assert not attempts


def test_costs_are_those_of_the_catalogs_prices(filled):
    prices = defaultdict(list)
    for price in Price.objects.all():
        prices[price.offer_id].append(price.value())
    computed = Attempt.objects.filter(cost_source="computed")
    assert computed.count() > 500
    for attempt in computed:
        usage = Usage(
            attempt.input_tokens, attempt.output_tokens, attempt.cache_read_tokens, attempt.cache_write_tokens
        )
        at = ids.moment_of(attempt.pk)
        assert attempt.cost_nano == cost_of(usage, prices[attempt.offer_id], at=at).nano


def test_a_second_time_changes_nothing(filled, prepare):
    models = (Provider, CatalogEntry, Price, Team, User, ApiKey, Alias)
    before = {model: rows(model) for model in models}
    newest = ids.first_at(clock.now() - timedelta(minutes=5))
    records = UsageRecord.objects.filter(pk__lt=newest).count()
    spent = UsageRecord.objects.filter(pk__lt=newest).aggregate(Sum("cost_nano"))
    counted = MinuteStatistic.objects.aggregate(Sum("ok"))["ok__sum"]
    scores = [row.value for row in KeptScore.objects.filter(target_id=0) if row.value is not None]

    prepare()

    assert {model: rows(model) for model in models} == before
    assert UsageRecord.objects.filter(pk__lt=newest).count() == records
    assert UsageRecord.objects.filter(pk__lt=newest).aggregate(Sum("cost_nano")) == spent
    assert MinuteStatistic.objects.aggregate(Sum("ok"))["ok__sum"] < counted * 1.1
    assert len(scores) >= 2


def test_a_fill_that_broke_off_is_taken_up_where_it_was(filled, prepare):
    until = ids.first_at(clock.now() - timedelta(minutes=5))
    middle = ids.first_at(clock.now() - timedelta(days=2))
    Adjustment.objects.all().delete()  # what people did is done once: no later start repeats it
    UsageRecord.objects.filter(status="adjusted").delete()
    whole = rows(UsageRecord.objects.filter(pk__lt=until).model)
    Attempt.objects.filter(usage_id__gt=middle).delete()
    UsageRecord.objects.filter(pk__gt=middle).delete()

    prepare()

    assert [row for row in rows(UsageRecord) if row["id"] < until] == [r for r in whole if r["id"] < until]
    assert Attempt.objects.filter(usage_id__gt=middle).exists()


def test_the_ledger_ends_before_now_and_begins_when_asked(filled):
    days = UsageRecord.objects.order_by("pk").values_list("pk", flat=True)
    assert ids.moment_of(days.last()) < clock.now()
    assert abs(clock.now() - timedelta(days=4) - ids.moment_of(days.first())) < timedelta(days=1, hours=1)


def test_sums_and_counters_are_those_of_the_calls(filled):
    assert RollUp.objects.aggregate(Sum("requests"))["requests__sum"] > 1_000
    assert not DirtyBucket.objects.filter(bucket__lt=rollup_bucket.at(clock.now())).exists()
    assert reconcile.check(everything=True) == []
    refused = UsageRecord.objects.filter(status="refused")
    assert {row.error_code for row in refused} >= {"rate_limited", "model_not_found"}
    assert all(row.reason and row.refusals and row.cost_nano == 0 for row in refused)
    assert RollUp.objects.aggregate(Sum("refusals"))["refusals__sum"] > refused.count()


def test_what_waits_in_the_inbox_touches_keys_and_a_leaving_model_is_still_called(filled):
    waiting = CatalogEvent.objects.filter(state="open").order_by("id")
    found = {event.kind: touches(event, now=clock.now()) for event in waiting}
    assert found["capability_gained"].aliases == ("default",)
    assert {row.key.name for row in found["capability_lost"].keys} == {"code-review"}
    assert found["price_up"].all.spend_nano > found["price_up"].here.spend_nano > 0  # breeze-70b at Harbor
    (notice,) = still_called(clock.now())
    assert notice.entry.slug == "aurora/lumen-1"
    assert {row["key"] for row in notice.callers} == {"notebooks", "eval-runner"}


def test_a_counter_that_misses_calls_is_found(filled):
    research = Budget.objects.get(scope="team", unit="usd")

    Counter.objects.filter(budget_id=research.pk).update(spent=1)

    assert {found.subject for found in reconcile.check()} == {f"budget {research.pk}"}


def test_budgets_are_of_many_kinds_and_one_is_nearly_spent(filled):
    found = states(Budget.objects.in_force(), at=clock.now())
    assert {row.budget.scope for row in found} == set(Budget.Scope.values) - {"model"}
    assert {row.budget.hard for row in found} == {True, False}
    assert all(row.budget.cap for row in found)
    assert 0.85 < max(row.used_share for row in found) < 1


def test_the_texts_of_the_keys_are_kept_for_live_calls(settings, tmp_path):
    settings.HOME = tmp_path
    setting.write(URL, clock.now())

    kept = json.loads((settings.HOME / KEYS).read_text())
    digests = {key.name: key.digest for key in ApiKey.objects.all()}
    assert {name: secrets.digest(text) for name, text in kept.items()} == digests


def test_it_opens_no_connection_and_nobody_outside_can_be_called(prepare, monkeypatch):
    def refuse(*_):
        raise AssertionError("a demo connects to nobody")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    seed()
    prepare()

    for provider in Provider.objects.listed():
        callable_now = provider.credentials.exists() or not provider.needs_credential
        assert not callable_now or provider.base_url.startswith(URL + "/"), provider.slug
    assert Provider.objects.filter(base_url__startswith=URL).count() == len(cast.PROVIDERS)
    asked = {provider.slug for provider in Provider.objects.listed() if can_list(provider)}
    assert asked == {row.slug for row in cast.PROVIDERS}  # whose lists are read by themselves


def test_providers_follow_the_simulator_to_another_port(filled):
    fill.prepare("http://127.0.0.1:10", days=1)

    ours = Provider.objects.filter(slug__in=[row.slug for row in cast.PROVIDERS])
    assert {provider.base_url.split("/")[2] for provider in ours} == {"127.0.0.1:10"}
    assert all(provider.credentials.exists() or not provider.needs_credential for provider in ours)


def test_what_it_writes_is_audited(filled):
    assert log.first_broken_link() is None
    assert ApiKey.objects.count() == len(cast.SERVICES)


def test_a_home_with_real_data_is_refused(settings):
    settings.DEMO = False

    with pytest.raises(RuntimeError, match="no demo"):
        fill.prepare(URL)

    assert not Provider.objects.filter(slug="aurora").exists()


def test_owners_of_budgets_have_something_to_see_to_once(filled, prepare, settings):
    prepare()

    assert Membership.objects.count() == len(cast.MEMBERS)
    assert {row.role for row in Membership.objects.all()} == {"manager", "member", "viewer"}
    assert opened(clock.now()).get().created_by == "priya-raman@example.org"
    assert [row.amount_nano for row in Adjustment.objects.all()] == [-4_200_000_000]
    assert RaiseRequest.objects.get(state="open").asked_by == "tomas-ferreira@example.org"
    assert {row.team and row.team.name for row in Channel.objects.there()} == {None, "Research"}
    assert (settings.HOME / HOOK).read_text() == f"{URL}/v1/hooks\n"
    budget_alerts.look()
    assert Delivery.objects.filter(channel__name="on-call").exists()
