"""Health: check every provider by a free call, again and again, and keep a day of what was found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db.models import Q

from llmhub.lib import clock
from providers.check import Check, Outcome
from providers.models import Credential, HealthCheck, Provider, StatusChange
from providers.saved_check import keep_check, look
from providers.status import Kind, outcome_kind

KEPT = timedelta(hours=25)  # of single checks
CHANGES_KEPT = timedelta(days=400)
_AT_ONCE = 8  # providers
_PATIENCE = 40.0  # seconds for one provider with all its credentials
_SPAN = timedelta(minutes=15)
_SPANS = 96  # a day of them
_logger = logging.getLogger(__name__)


def interval() -> timedelta:
    """Return the time between two checks of a provider."""
    return timedelta(seconds=settings.HEALTH_SECONDS)


def check_due() -> int:
    """Check the providers whose turn it is; return how many. One that hangs or fails holds up no other."""
    now = clock.now()
    turn = [row for row in _due(now) if take_turn(row, now)]
    if turn:
        used = [(row, list(row.credentials.filter(disabled_reason=""))) for row in turn]
        async_to_sync(_check_all)(used, light=True)
        forget(now)
    return len(turn)


def check_now(providers: Sequence[Provider]) -> list[Check | None]:
    """Check providers now with each of their credentials, and return what was found, in their order.

    Some are checked at once; one that hangs or fails holds up no other. None: a bug kept it from
    being checked, and the log says which.
    """
    ids = [row.pk for row in providers]
    Provider.objects.filter(pk__in=ids).update(health_claimed_at=clock.now())  # the schedule's turn, too
    return async_to_sync(_check_all)([(row, list(row.credentials.all())) for row in providers], light=False)


def _due(now: datetime) -> list[Provider]:
    """Return the providers that can be asked and were not asked for an interval."""
    rested = Q(health_claimed_at=None) | Q(health_claimed_at__lte=now - interval())
    clock_was_ahead = Q(health_claimed_at__gt=now + interval())
    rows = Provider.objects.listed().counted().filter(rested | clock_was_ahead, paused_reason="")
    return [row for row in rows if row.usable or (not row.needs_credential and not row.out)]


def take_turn(provider: Provider, now: datetime) -> bool:
    """Take the turn to check a provider, as it was read; of two that try at once one gets it."""
    same = Provider.objects.filter(pk=provider.pk, health_claimed_at=provider.health_claimed_at)
    return bool(same.update(health_claimed_at=now))


async def _check_all(turn: Sequence[tuple[Provider, list[Credential]]], *, light: bool) -> list[Check | None]:
    place = asyncio.Semaphore(_AT_ONCE)

    async def one(provider: Provider, credentials: list[Credential]) -> Check | None:
        async with place:
            try:
                return await _check(provider, credentials, light=light)
            except Exception:  # a bug about one provider must not keep the others from being checked
                _logger.exception("a provider could not be checked", extra={"provider": provider.slug})
                return None

    return await asyncio.gather(*(one(*each) for each in turn))


async def _check(provider: Provider, credentials: list[Credential], *, light: bool) -> Check:
    """Check one provider and keep what was found at once: a later one may take its time."""
    try:
        async with asyncio.timeout(_PATIENCE):
            verdict, each = await look(provider, credentials, light=light)
    except TimeoutError:
        said = f"it was given up after {_PATIENCE:g} seconds: check whether the server is stuck"
        verdict, each = Check(Outcome.TIMEOUT, said, latency_ms=round(_PATIENCE * 1000)), []
    await sync_to_async(keep_check)(
        provider, verdict, list(zip(credentials, each, strict=True)) if each else []
    )
    return verdict


def forget(now: datetime) -> None:
    """Delete checks and changes that are older than they are kept."""
    HealthCheck.objects.filter(at__lt=now - KEPT).delete()
    StatusChange.objects.filter(at__lt=now - CHANGES_KEPT).delete()


def next_check(provider: Provider) -> datetime | None:
    """Return when a provider is checked next; None where it is not checked by itself yet."""
    if provider.paused_reason or (provider.needs_credential and not provider.usable):
        return None
    return provider.health_claimed_at + interval() if provider.health_claimed_at else None


@dataclass(frozen=True)
class Span:
    """A quarter of an hour of checks: the worst of them."""

    begins: datetime
    kind: Kind  # idle: no check
    message: str
    checks: int
    slowest_ms: int


def last_day(provider: Provider, now: datetime) -> list[Span]:
    """Return the last 24 hours of checks by quarter of an hour, the oldest first."""
    first = now - _SPAN * _SPANS
    rows: list[list[HealthCheck]] = [[] for _ in range(_SPANS)]
    for row in provider.health_checks.filter(at__gt=first, at__lte=now).order_by("at"):
        rows[min(_SPANS - 1, (row.at - first) // _SPAN)].append(row)
    return [_span(first + _SPAN * place, found) for place, found in enumerate(rows)]


def _span(begins: datetime, found: list[HealthCheck]) -> Span:
    order: list[Kind] = ["idle", "good", "warn", "bad"]
    kinds = [outcome_kind(row.outcome) for row in found]
    worst: Kind = max(kinds, key=order.index) if kinds else "idle"
    said = next((row.message for row, kind in zip(found, kinds, strict=True) if kind == worst), "")
    return Span(begins, worst, said, len(found), max((row.latency_ms for row in found), default=0))
