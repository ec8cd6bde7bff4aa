"""Read the last attempts at a provider: of each of its offers the newest by index, then the newest of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import DEFAULT_DB_ALIAS, connections

from billing import span
from billing.models import Attempt
from catalog.models import CatalogEntry, Offer
from llmhub.lib import ids
from providers.models import Provider
from providers.wire import Usage

SHOWN = 50
_AT_ONCE = 100  # offers in one statement: SQLite takes 500 parts
# `offer_id` is indexed together with the id, `provider_id` is not: an index more costs every call.
_OF_OFFER = f"""SELECT * FROM (SELECT id FROM billing_attempt
    WHERE offer_id = %s AND id >= %s AND id < %s ORDER BY id DESC LIMIT {SHOWN}) newest"""  # noqa: S608


@dataclass(frozen=True)
class RecentAttempt:
    """One attempt at a provider, with its request and its model."""

    attempt: Attempt
    entry: CatalogEntry | None  # None: it was deleted

    @property
    def request_id(self) -> str:
        """The public id of its request."""
        return ids.request_id(self.attempt.usage_id)

    @property
    def at(self) -> datetime:
        """When its request came, in UTC."""
        return ids.moment_of(self.attempt.usage_id)


def recent_attempts(provider: Provider, *, now: datetime) -> list[RecentAttempt]:
    """Return the last attempts at a provider in the last 7 days, newest first."""
    within = span.bounded(now=now)
    offers = list(Offer.objects.filter(provider=provider).values_list("id", flat=True))
    newest = sorted(_newest(offers, within), reverse=True)[:SHOWN]
    attempts = list(Attempt.objects.filter(id__in=newest).order_by("-id"))
    entries = CatalogEntry.objects.in_bulk({row.entry_id for row in attempts if row.entry_id})
    return [RecentAttempt(row, entries.get(row.entry_id or 0)) for row in attempts]


def _newest(offers: Sequence[int], within: span.Span, *, alias: str = DEFAULT_DB_ALIAS) -> Iterator[int]:
    rest = iter(offers)
    ends = ids.first_at(within.since), ids.first_at(within.until)
    while some := list(islice(rest, _AT_ONCE)):
        with connections[alias].cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join([_OF_OFFER] * len(some)),
                [value for offer in some for value in (offer, *ends)],
            )
            yield from (row[0] for row in cursor.fetchall())


def usage_of(attempt: Attempt) -> Usage:
    """Return what an attempt used, as prices are put to it."""
    return Usage(
        input_tokens=attempt.input_tokens,
        output_tokens=attempt.output_tokens,
        cache_read_tokens=attempt.cache_read_tokens,
        cache_write_tokens=attempt.cache_write_tokens,
        cache_write_1h_tokens=attempt.cache_write_1h_tokens,
        web_searches=attempt.web_searches,
    )
