"""Every field and table is thought of: said by the file, or named here with the reason why not."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from django.apps import apps
from pydantic import BaseModel

from billing.call_rules_models import CallRules
from billing.models import Budget
from billing.rollup_models import ReportTag
from catalog.discovery_models import InboxRule
from catalog.entry import Facts
from catalog.models import Alias, CatalogEntry, Offer, Origin, Price
from catalog.seed import seed
from llmhub.alerts.models import Channel
from llmhub.config import export, fields
from llmhub.config.schema import Config
from llmhub.people.models import Organisation, Team
from providers.models import Credential, Provider
from providers.rates import AMOUNTS
from routing.models import Route, RouteTarget
from tests.config.furnished import furnish


@pytest.mark.django_db
def test_every_key_of_the_schema_is_used_by_the_export():
    """Otherwise something can be said that is never written."""
    seed()
    furnish()
    content = tomllib.loads(export().text)

    assert sorted(unused(Config, content)) == []


def unused(model: type[BaseModel], *contents: Any, name: str = "") -> set[str]:
    """Keys of a table and the tables in it that none of `contents` has."""
    found = set()
    for key, info in model.model_fields.items():
        values = [content[key] for content in contents if isinstance(content, dict) and key in content]
        if not values:
            found.add(f"{name}{key}")
        for inner, depth in tables_in(info.annotation):
            rows = values
            for _ in range(depth):
                rows = [
                    row for value in rows for row in (value.values() if isinstance(value, dict) else value)
                ]
            rows = [row for each in rows for row in (each if isinstance(each, list) else [each])]
            found |= unused(inner, *rows, name=f"{name}{key}.")
    return found


def tables_in(annotation: Any):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, 0
    for part in getattr(annotation, "__args__", ()):
        for inner, depth in tables_in(part):
            yield inner, depth + (getattr(annotation, "__origin__", None) is dict)


KEPT_ELSEWHERE = {"id", "created_at"}
OWNERSHIP = {"origin", "from_file"}  # the file owns what it says
CHECKED = {"checked_at", "check_outcome", "check_message"}  # found out by the hub itself: no configuration
HEALTH = {"health", "health_since", "bad_checks", "health_claimed_at", "check_latency_ms"}  # found out too
LISTED = {"described_by", "source"}  # of a list of models: discovery finds it again
# Every field of what is configured: said by a key of the file, or named here with its reason.
SAID: dict[type, set[str]] = {
    Organisation: {*fields.HUB_KEYS.values()},
    Team: {*fields.TEAM_KEYS.values(), "slug"},
    Provider: {*fields.PROVIDER_KEYS.values(), "slug", "removed_at", "listed_at", *CHECKED, *HEALTH,
               "probe_id"},  # a call of the ledger
    Credential: {*fields.CREDENTIAL_KEYS.values(), "provider", "sealed", "hint", *CHECKED,
                 "disabled_reason", "disabled_at"},
    CatalogEntry: {*fields.MODEL_KEYS.values(), "slug", "withdrawn_at", *LISTED},
    Alias: {*fields.ALIAS_KEYS.values()},
    Route: {*fields.ROUTE_KEYS.values(), "name"},
    RouteTarget: {*fields.TARGET_KEYS.values(), "route", "rank", "is_for_want"},  # by list and place
    Offer: {*fields.OFFER_KEYS.values(), "entry", "provider", "withdrawn_at", "params"},  # not used yet
    Price: {*fields.PRICE_KEYS.values(), *AMOUNTS, "offer", "input_nano", "output_nano",  # nano: computed
            "ends_at"},  # decided in the inbox: a price that ended is not in force, and so not said
    Budget: {*fields.BUDGET_KEYS.values(), "scope_id", "tag", "removed_at",  # by name
             "raised_cap", "raised_until"},  # for a while: what ends by itself is no configuration
    Channel: {*fields.CHANNEL_KEYS.values(), "name", "address_ref", "sealed", "removed_at", "created_by"},
    InboxRule: {*fields.INBOX_RULE_KEYS.values(), "created_by"},
    CallRules: {*fields.RULE_KEYS.values(), "team_id"},
    ReportTag: {"name", "slot", "since"},  # in their order
}  # fmt: skip
NO_CONFIGURATION = {
    "auth.Group", "auth.Permission", "contenttypes.ContentType",
    "audit.AuditEvent", "people.User", "people.SignInLink", "people.ServiceKey",
    "people.ConsoleSession", "people.SecondFactor", "people.RecoveryCode",
    "people.Membership", "people.Invitation",
    "providers.ListedModel", "catalog.PublicName", "billing.ApiKey", "billing.Counter",
    "billing.Reservation", "billing.Worker", "billing.Adjustment", "billing.UsageRecord", "billing.Attempt",
    "billing.IdempotencyKey", "billing.Discrepancy", "billing.DirtyBucket", "billing.RollUp",
    "billing.SupplyRollUp", "billing.DayRollUp", "billing.RolledDay", "billing.Retention",
    "billing.RetirementNotice", "billing.RaiseRequest", "billing.Export",
    "billing.CallContent",
    "billing.ContentConsent",  # for a while, by a person: what ends by itself is no configuration
    "catalog.DiscoveryRun", "catalog.DiscoveryState", "catalog.HeldList", "catalog.CatalogEvent",
    "providers.HealthCheck", "providers.StatusChange", "providers.MinuteStatistic", "providers.BreakerEvent",
    "providers.KeptScore", "providers.Degradation",
    "billing.Crossing", "billing.BudgetRefusal", "billing.BudgetForecast", "billing.Overshoot",
    "alerts.Alert", "alerts.Transition", "alerts.Delivery",
}  # fmt: skip


@pytest.mark.parametrize("model", SAID, ids=lambda model: model.__name__)
def test_every_field_of_the_configuration_is_thought_of(model):
    """A new field: give it a key in llmhub/config (fields, schema, state) or a reason here."""
    there = {field.name for field in model._meta.concrete_fields}

    assert there - KEPT_ELSEWHERE - OWNERSHIP == SAID[model] - KEPT_ELSEWHERE


def test_every_table_is_configuration_or_is_not():
    """A new table: let the file say it, or name it here as none of its business."""
    others = {model._meta.label for model in apps.get_models() if model not in SAID}

    assert others == NO_CONFIGURATION


def test_every_fact_that_can_be_written_has_a_key():
    assert {fact.field for fact in fields.FACTS} == set(Facts.__annotations__)


def test_what_belongs_to_whom_is_one_of_four():
    """Another origin: decide whether the export says such rows (llmhub/config/state_models.py)."""
    assert set(Origin.values) == {"bundled", "discovered", "file", "person"}
