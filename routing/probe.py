"""Billed probes: one small call where an offer had none for a while, or seems to decline, within a ceiling.

They are off until somebody switches them on for a provider. Before one is sent, money is held for the most it
may cost, like for any call: so one whose worker dies is counted by the sweeper, by that most.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import F, QuerySet

from billing import ledger_alone
from billing.entries import OverBudget, Reserve
from billing.models import Reservation
from catalog.availability import OfferNow, offers_of
from catalog.breakers import State, failing
from catalog.models import Offer
from catalog.pricing import PriceValue, cost_of
from llmhub.lib import clock, ids
from llmhub.people import organisation
from providers import statistics_rows
from providers.client import Timeouts
from providers.degradation_watch import minute_of
from providers.evidence_models import KeptScore, MinuteStatistic
from providers.models import Provider
from providers.statistics_rows import Kept
from providers.tally import Outcome, Tally
from routing import small_call
from routing.bound import worst_case_nano
from routing.probe_read import spent_today
from routing.small_call import Made

QUIET = 10  # minutes without a call, after which an offer is probed
_TIMEOUTS = Timeouts(total=30.0)
_LEASE = 120  # seconds, after which the sweeper counts it
_SECONDS = 180.0  # after which the next run goes on
_ILL = ("down", "refused")  # the free check says so already
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A probe that might be made, and the most it may cost."""

    offer: Offer
    prices: tuple[PriceValue, ...]
    nano: int
    tokens: int


def probe_due() -> int:
    """Make the probes that are due, at most one for each provider, and return how many."""
    return _each(_probed(), {})


def probe_suspected() -> int:
    """Probe offers of which a call more would say much, one at each provider; return how many.

    Where few calls come a decline is noticed by few failures: more calls show sooner what it is.
    """
    rows = KeptScore.objects.filter(is_suspected=True, provider__in=_probed()).order_by("target_id")
    suspected: dict[int, set[int]] = {}
    for provider_id, target_id in rows.values_list("provider_id", "target_id"):
        suspected.setdefault(provider_id, set()).add(target_id)
    return _each(_probed().filter(pk__in=suspected), suspected) if suspected else 0


def _probed() -> QuerySet[Provider]:
    rows = Provider.objects.listed().exclude(probe_ceiling_nano=None).exclude(health__in=_ILL)
    return rows.filter(paused_reason="").order_by(F("probe_id").asc(nulls_first=True))


def _each(providers: Iterable[Provider], suspected: Mapping[int, Collection[int]]) -> int:
    until, made = time.monotonic() + _SECONDS, 0
    for provider in providers:
        if time.monotonic() > until:
            break
        try:
            made += probe(provider, suspected=suspected.get(provider.pk, ()))
        except Exception:  # a bug about one provider must not keep the others from being probed
            _logger.exception("a provider could not be probed", extra={"provider": provider.slug})
    return made


def probe(provider: Provider, *, suspected: Collection[int] = ()) -> bool:
    """Probe the first offer of a provider that may be probed now; return whether there was one.

    `suspected` are the offers that may be, whether they had calls or not; without, those without calls.
    """
    for wanted in _wanted(provider, clock.now(), suspected):
        held = claim(wanted, is_suspected=bool(suspected))
        if held is not None:
            _make(wanted, held)
            return True
    return False


def _wanted(provider: Provider, now: datetime, suspected: Collection[int] = ()) -> Iterator[Wanted]:
    """Yield the probes of what can be called, had no call for a while and has a price."""
    left_alone = {row.offer.pk for row in failing(now) if row.state == State.OPEN}
    for row in offers_of(provider, now):
        if row.why_not or row.offer.pk in left_alone or not _writes_text(row):
            continue
        if row.offer.pk not in suspected if suspected else _had_calls([row.offer.pk], now):
            continue
        prices, size = tuple(price.value() for price in row.prices), small_call.size_of(row.offer)
        nano = worst_case_nano(size, prices, at=now)
        if nano is not None:
            yield Wanted(row.offer, prices, nano, size.tokens)


def _writes_text(row: OfferNow) -> bool:
    modalities = row.offer.entry.output_modalities
    return not modalities or "text" in modalities


def _had_calls(offers: Collection[int], now: datetime) -> bool:
    since = minute_of(now) - QUIET
    return MinuteStatistic.objects.filter(target_id__in=offers, minutes=1, minute__gt=since).exists()


@transaction.atomic
def claim(wanted: Wanted, *, is_suspected: bool = False) -> Reserve | None:
    """Hold what a probe may cost and return that, None where it may not be made.

    This is the one place where that is decided. The provider's row is locked, and a probe whose money is
    still held keeps the next one out: so what is spent and what is held never go over the ceiling.
    """
    offer, now = wanted.offer, clock.now()
    row = Provider.objects.select_for_update().get(pk=offer.provider_id)
    is_off = row.probe_ceiling_nano is None or row.removed_at is not None or row.paused_reason
    if is_off or organisation.current().paused_reason:
        return None
    if row.probe_id is not None and Reservation.objects.filter(pk=row.probe_id).exists():
        return None
    if spent_today(row, now).nano + wanted.nano > (row.probe_ceiling_nano or 0):
        return None
    if not is_suspected and _had_calls([offer.pk], now):
        return None
    try:
        held = ledger_alone.hold(
            small_call.reservation(offer, wanted.nano, until=now + timedelta(seconds=_LEASE)),
            tokens=wanted.tokens,
            provider_id=row.pk,
            entry_id=offer.entry_id,
        )
    except OverBudget:
        return None
    Provider.objects.filter(pk=row.pk, probe_id=row.probe_id).update(probe_id=held.id)
    return held


def _make(wanted: Wanted, held: Reserve) -> None:
    """Send it, and write what it cost and what it says about the offer."""
    made = async_to_sync(small_call.send)(wanted.offer, timeouts=_TIMEOUTS)
    cost = None if made.usage is None else cost_of(made.usage, wanted.prices, at=ids.moment_of(held.id))
    ledger_alone.settle(small_call.record_of(wanted.offer, made, cost), held)
    _count(wanted.offer, made)


def _count(offer: Offer, made: Made) -> None:
    """Let it be evidence for the offer, beside the calls of the gateways."""
    tally = Tally()
    tally.add(Outcome(made.ending, latency_ms=made.latency_ms))
    kept = Kept(offer.pk, minute_of(clock.now()), f"probe{secrets.token_hex(5)}", tally)
    statistics_rows.write([statistics_rows.row_of(kept)])
