"""Fill a home with demo data: its configuration once, its calls up to now at every start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import F

from billing import forecasts, ledger_batch, ledger_inserts, rollup, rollup_bucket
from billing import ledger_rows as rows
from billing.ledger_batch import Batch
from billing.models import ApiKey, UsageRecord
from billing.retirement_notice import notice_due
from billing.rollup_models import DirtyBucket
from billing.scopes import Budgets
from catalog import offer_scores
from catalog.models import Alias, CatalogEntry, Offer
from llmhub.demo import budgets, cast, evidence, news, owners, setting, shelf
from llmhub.demo.budgets import holds_of
from llmhub.demo.traffic import WORKER, Call, Caller, Facts, calls_of, refusals_of
from llmhub.demo.upstream import OfferFacts
from llmhub.lib import clock, ids

DAYS = 62  # how far back the calls go: what pages compare a month with is there, too
FULL_DAYS = 31  # of them, the last ones; before, there was a third less
PER_TRANSACTION = 500  # calls
BUCKETS_PER_TRANSACTION = 100


def prepare(simulator_url: str, *, days: int = DAYS) -> None:
    """Make this home a demo whose providers answer at `simulator_url`; safe to repeat.

    Calls are added from the last one on, so that a demo that stood still has no gap.
    Raises `RuntimeError` in a home that is no demo: simulated spend must never meet real spend.
    """
    if not settings.DEMO:
        raise RuntimeError("this home is no demo: demo data goes only where LLMHUB_DEMO=true")
    now = clock.now()
    setting.write(simulator_url, now)
    news.write(now)
    known = facts()
    _write_calls(known, now, days)
    _write_refusals(known, now, days)
    _add_up(now)
    evidence.write(now)
    offer_scores.look(now)
    budgets.fit_caps()
    owners.write(simulator_url, now)
    _add_up(now)  # what they corrected
    notice_due(now)
    forecasts.look(now)


def _write_calls(known: Facts, now: datetime, days: int) -> None:
    """Write all calls between the last one there is and `now`, oldest first, through the ledger."""
    limits = budgets.in_force()
    newest = _newest_id(refusals=0)
    until = ids.first_at(now - timedelta(minutes=2))  # by then every call is over
    for day in _days(newest, now, days):
        calls = [call for call in _of_day(day, known, now) if newest < call.settle.id < until]
        for start in range(0, len(calls), PER_TRANSACTION):
            _write(calls[start : start + PER_TRANSACTION], limits)


def _of_day(day: date, known: Facts, now: datetime) -> list[Call]:
    """Return the calls of one day: a demo that grows had fewer of them."""
    calls = calls_of(day, known)
    return calls if (now.date() - day).days <= FULL_DAYS else [call for n, call in enumerate(calls) if n % 3]


def _write_refusals(known: Facts, now: datetime, days: int) -> None:
    """Write what was refused between the last refusal there is and `now`, in one transaction."""
    newest = _newest_id(refusals__gt=0)
    found = [
        (entry, times)
        for day in _days(newest, now, days)
        for entry, times in refusals_of(day, known)
        if newest < entry.id < ids.first_at(now)
    ]
    over = [budgets.refused(entry, times) for entry, times in found if entry.error_code == "budget_exceeded"]
    with transaction.atomic(), connection.cursor() as cursor:
        ledger_inserts.add_refusals(cursor, [rows.refusal(entry, times) for entry, times in found])
        ledger_inserts.add_over(cursor, over)


def _days(newest: int, now: datetime, days: int) -> list[date]:
    """Return the days from that of an id, at most so many ago, until today."""
    first = max(now - timedelta(days=days), ids.moment_of(newest)).date()
    return [first + timedelta(days=n) for n in range((now.date() - first).days + 1)]


def _write(calls: list[Call], limits: Budgets) -> None:
    """Write some calls in one transaction; the ledger asks for attempts' ids in the order of calls."""
    attempt_ids = iter([row_id for call in calls for row_id in call.attempt_ids])
    settles = [call.settle for call in calls]
    batch = Batch(settles, known_holds={settle.id: holds_of(settle, limits) for settle in settles})
    ledger_batch.apply(batch, alias=DEFAULT_DB_ALIAS, next_id=attempt_ids.__next__)


def _add_up(now: datetime) -> None:
    """Add up every quarter of an hour that has ended, many in a transaction: nobody else writes yet."""
    ended = DirtyBucket.objects.filter(bucket__lt=rollup_bucket.at(now)).order_by("bucket")
    buckets = list(ended.values_list("bucket", flat=True).distinct())
    for start in range(0, len(buckets), BUCKETS_PER_TRANSACTION):
        with transaction.atomic():
            for bucket in buckets[start : start + BUCKETS_PER_TRANSACTION]:
                rollup.roll_up(bucket)


def _newest_id(**filters: int) -> int:
    """Return the id of the newest record that the demo made, 0 when there is none."""
    made_here = UsageRecord.objects.annotate(worker=F("id").bitrightshift(12).bitand(ids.WORKERS - 1))
    found = made_here.filter(worker=WORKER, **filters).order_by("-id").values_list("id", flat=True).first()
    return found or 0


def facts() -> Facts:
    """Return the rows of the cast as the ledger names them."""
    keys = {key.name: key for key in ApiKey.objects.filter(name__in=[row.key for row in cast.SERVICES])}
    callers = tuple(
        Caller(row, keys[row.key].team_id, keys[row.key].pk, keys[row.key].person_id) for row in cast.SERVICES
    )
    offers = {slug: tuple(_offers(slug)) for slug in (row.slug for row in shelf.MODELS)}
    names = {alias.name_id: alias.entry.slug for alias in Alias.objects.select_related("entry")}
    known = {name: offers[slug] for name, slug in names.items() if slug in offers}
    routes = {
        row.name: tuple(offer for slug in row.targets for offer in offers[slug]) for row in shelf.ROUTES
    }
    return Facts(callers, offers | known | routes)


def _offers(slug: str) -> Iterator[OfferFacts]:
    """Yield the offers of one entry in the order in which they are tried."""
    providers = {row.slug: row for row in cast.PROVIDERS}
    entry = CatalogEntry.objects.get(slug=slug)
    for offer in Offer.objects.filter(entry=entry).select_related("provider").order_by("rank", "id"):
        if offer.provider.slug in providers:
            yield OfferFacts(
                entry_id=entry.pk,
                offer_id=offer.pk,
                provider_id=offer.provider_id,
                provider=providers[offer.provider.slug],
                upstream_id=offer.upstream_id,
                prices=tuple(price.value() for price in offer.prices.all()),
                thinks="reasoning" in entry.capabilities,
            )
