"""Rows for tests of readings, written directly: what the ledger writes is tested with the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from django.db import connection

from billing import ledger_inserts
from billing.models import ApiKey, Attempt, UsageRecord
from catalog.models import CatalogEntry
from llmhub.lib import ids
from llmhub.people.models import Team, User
from providers.models import Provider

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)  # the day on which Berlin's clocks go forward
_NUMBERS = count(1)


def usage(at: datetime, **values) -> UsageRecord:
    """A request made at this moment."""
    values = {"requested": "acme/small-1", "status": "ok", "cost_nano": 1000} | values
    record = UsageRecord.objects.create(id=ids.first_at(at) + next(_NUMBERS), **values)
    with connection.cursor() as cursor:
        ledger_inserts.mark_dirty(cursor, [record.pk])
    return record


def attempt(record: UsageRecord, number: int, **values) -> Attempt:
    """One upstream call of a request."""
    values = {"status": "ok", "started_at_ms": 0} | values
    return Attempt.objects.create(usage_id=record.pk, number=number, **values)


def team(slug: str = "support") -> Team:
    return Team.objects.create(slug=slug, name=slug.title())


def person(email: str = "mara@example.org", **values) -> User:
    return User.objects.create(email=email, **values)


def key(of: Team, name: str = "bot", **values) -> ApiKey:
    return ApiKey.objects.create(
        team=of, name=name, prefix="llmh_", digest=f"{name}{of.pk}", created_by="test", **values
    )


def entry(slug: str = "acme/small-1") -> CatalogEntry:
    return CatalogEntry.objects.create(slug=slug, name=slug)


def provider(slug: str = "lab") -> Provider:
    return Provider.objects.create(
        slug=slug, name=slug.title(), kind="custom", dialect="chat", base_url="http://127.0.0.1:1/v1"
    )
