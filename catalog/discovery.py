"""Discovery: read what providers list, believe it or not, and tell what changed."""

from __future__ import annotations

import gzip
import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from catalog.discovered import Writer, vanished
from catalog.discovery_models import CatalogEvent, DiscoveryRun, DiscoveryState, HeldList
from catalog.list_rows import forget_others, keep_rows
from catalog.list_state import Known, Verdict, counted, judge
from catalog.listing_diff import Change, Kind
from catalog.rule_book import apply_rules
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.lib import clock
from llmhub.people.roles import require
from providers.adapters import Adapter, DialectNotServed, adapter_for
from providers.errors import BadReply, ProviderError
from providers.model_list import ModelList, can_list, fetch, read
from providers.models import Provider
from providers.provider import subject

RETRY_AFTER = timedelta(minutes=10)  # a run that failed is tried again before its turn
_AT_ONCE = 100  # changes in one transaction: the ledger waits for it on SQLite
_logger = logging.getLogger(__name__)
_Trigger, _Outcome = DiscoveryRun.Trigger, DiscoveryRun.Outcome


@dataclass(frozen=True)
class _Reading:
    """A list that is being taken in: who asked for it, and when it began."""

    provider: Provider
    trigger: DiscoveryRun.Trigger
    actor: Actor
    began: datetime

    def run(self, outcome: DiscoveryRun.Outcome, **facts: Any) -> DiscoveryRun:
        """Save the run and what it means for the next one."""
        now = clock.now()
        by = "" if self.actor is SYSTEM else self.actor.label
        run = DiscoveryRun.objects.create(
            provider=self.provider,
            trigger=self.trigger,
            outcome=outcome,
            started_at=self.began,
            duration_ms=max(0, round((now - self.began).total_seconds() * 1000)),
            by=by,
            **facts,
        )
        _note(self.provider, run, now)
        return run


def interval() -> timedelta:
    """Return the time between two readings of a list that went well."""
    return timedelta(seconds=settings.DISCOVERY_SECONDS)


def discover_due() -> list[DiscoveryRun]:
    """Read the lists whose turn it is; one provider's failure is no other's."""
    return [run for provider in _due(clock.now()) if (run := _in_turn(provider))]


def _due(now: datetime) -> list[Provider]:
    """Return the providers whose turn it is and that can be asked."""
    turn = Q(discovery=None) | Q(discovery__next_at__lte=now)
    rows = Provider.objects.listed().filter(turn, paused_reason="").order_by("discovery__next_at", "id")
    return [provider for provider in rows if can_list(provider)]


def _in_turn(provider: Provider) -> DiscoveryRun | None:
    """Read one list if no other worker took the turn meanwhile."""
    now = clock.now()
    later = now + interval()
    _, is_first = DiscoveryState.objects.get_or_create(provider=provider, defaults={"next_at": later})
    turn = DiscoveryState.objects.filter(provider=provider, next_at__lte=now)
    if not is_first and not turn.update(next_at=later):
        return None
    try:
        return refresh(provider, actor=SYSTEM, trigger=_Trigger.SCHEDULE)
    except Exception:  # a bug in reading one list must not keep the others from being read
        _logger.exception("the list of models could not be taken in", extra={"provider": provider.slug})
        return None


def refresh(provider: Provider, *, actor: Actor, trigger: DiscoveryRun.Trigger) -> DiscoveryRun:
    """Ask a provider for its list now and take it in; a failure is a run that says why."""
    require(actor, "configure")
    reading = _Reading(provider, trigger, actor, clock.now())
    try:
        found = fetch(provider)
    except (ProviderError, DialectNotServed) as error:
        return reading.run(_Outcome.FAILED, said=str(getattr(error, "message", error))[:1000])
    return _take(reading, found, believed=False)


def take_file(provider: Provider, content: bytes, *, actor: Actor) -> DiscoveryRun:
    """Take in a list of models that was saved from `provider`. Raises `ValidationError` when it is none."""
    require(actor, "configure")
    reading = _Reading(provider, _Trigger.FILE, actor, clock.now())
    try:
        found = read(content, _adapter(provider))
    except (BadReply, DialectNotServed) as error:
        raise ValidationError(
            f"the file holds no list of models as {provider.name} sends it: {error}"
        ) from None
    return _take(reading, found, believed=False)


def accept_held(provider: Provider, *, actor: Actor) -> DiscoveryRun:
    """Believe the list that was held back. Raises `ValidationError` where none is, or of another address."""
    require(actor, "configure")
    held = _held(provider)
    if _is_first(provider):
        raise ValidationError(
            f"this list was read before the address of {provider.name} was changed: discard it, and read anew"
        )
    reading = _Reading(provider, _Trigger.ACCEPTED, actor, clock.now())
    return _take(reading, read(gzip.decompress(held.content), _adapter(provider)), believed=True)


@transaction.atomic
def discard_held(provider: Provider, *, actor: Actor) -> None:
    """Throw a list away that was held back: the one before stays. Raises `ValidationError` where none is."""
    require(actor, "configure")
    held = _held(provider)
    log.record(actor, "catalog.list_discarded", subject(provider), after={"said": held.run.said})
    held.delete()


def _held(provider: Provider) -> HeldList:
    held = HeldList.objects.filter(provider=provider).select_related("run").first()
    if held is None:
        raise ValidationError(f"no list of {provider.name} is held back: there is nothing to decide")
    return held


def _adapter(provider: Provider) -> Adapter:
    return adapter_for(provider.kind, provider.dialect)


def _take(reading: _Reading, found: ModelList, *, believed: bool) -> DiscoveryRun:
    """Take in a list, and let the rules of the inbox decide on what it changes."""
    provider = reading.provider
    facts = {"list_hash": hashlib.sha256(found.content).hexdigest(), "listed": len(found.listings)}
    if _is_first(provider):
        return _take_first(reading, found, facts)
    run = _take_next(reading, found, facts, believed=believed)
    apply_rules(run)
    return run


@transaction.atomic
def _take_next(reading: _Reading, found: ModelList, facts: dict[str, Any], *, believed: bool) -> DiscoveryRun:
    """Judge a list beside what is known of the lists before, and take it in unless it is doubted."""
    provider = reading.provider
    DiscoveryState.objects.select_for_update().get(provider=provider)  # one run at a time
    now = clock.now()  # not when it began: a list that was asked for before another comes in after it
    verdict = judge(_known(provider), found.listings, now, believed=believed)
    counts = counted(verdict.changes)
    if verdict.doubts:
        run = reading.run(_Outcome.HELD, counts=counts, said="; ".join(verdict.doubts), **facts)
        held = {"run": run, "content": gzip.compress(found.content)}
        HeldList.objects.update_or_create(provider=provider, defaults=held)
        return run
    run = reading.run(_Outcome.CHANGED if counts else _Outcome.UNCHANGED, counts=counts, **facts)
    HeldList.objects.filter(provider=provider).delete()
    _mark_absence(provider, verdict, now)
    if counts:
        Writer(provider, run, now).write(verdict.changes)
        keep_rows(provider, verdict.changes, now)
        log.record(reading.actor, "catalog.discovered", subject(provider), after={**counts, "run": run.pk})
    return run


def _is_first(provider: Provider) -> bool:
    """Return whether no list of this provider, at the address it has now, was ever believed."""
    believed = DiscoveryState.objects.filter(provider=provider).exclude(succeeded_at=None)
    return not (believed.exists() and provider.listings.exclude(raw={}).exists())


def _take_first(reading: _Reading, found: ModelList, facts: dict[str, Any]) -> DiscoveryRun:
    """Take in a provider's first list, some models at a time, without an event for each that is in it.

    It can be thousands of models, and the ledger waits for each transaction. What is broken off in
    the middle is taken up again: nothing is written twice.
    """
    if not found.listings:
        return reading.run(_Outcome.FAILED, said="the list is empty", **facts)
    provider = reading.provider
    new = [Change(Kind.NEW, id_, listing=row) for id_, row in sorted(found.listings.items())]
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        with transaction.atomic():
            Provider.objects.select_for_update().get(pk=provider.pk)  # somebody may read it at the same time
            now = clock.now()
            Writer(provider, None, now).write(some)
            keep_rows(provider, some, now)
    with transaction.atomic():
        left = forget_others(provider, found.listings, clock.now())
        HeldList.objects.filter(provider=provider).delete()  # of another address
        run = reading.run(_Outcome.FIRST, counts=counted(new), **facts)
        CatalogEvent.objects.bulk_create(vanished(offer, run) for offer in left)
        log.record(
            reading.actor, "catalog.discovered", subject(provider), after={"new": len(new), "run": run.pk}
        )
    return run


def _note(provider: Provider, run: DiscoveryRun, now: datetime) -> None:
    """Keep what a run means for the next one and for the people who look."""
    failed = run.outcome == _Outcome.FAILED
    state, _ = DiscoveryState.objects.get_or_create(provider=provider, defaults={"next_at": now})
    state.refreshed_at = now
    state.next_at = now + (min(RETRY_AFTER, interval()) if failed else interval())
    state.error = run.said if failed else ""
    state.failures = state.failures + 1 if failed else 0
    if failed:
        state.failed_at = now
    elif run.outcome != _Outcome.HELD:
        state.succeeded_at, state.list_hash = now, run.list_hash
    state.save()


def _known(provider: Provider) -> dict[str, Known]:
    adapter = _adapter(provider)
    return {
        row.upstream_id: Known(adapter.listing(row.raw), row.missing_since, row.vanished_at is not None)
        for row in provider.listings.all()
        if row.raw.get("id")
    }


def _mark_absence(provider: Provider, verdict: Verdict, now: datetime) -> None:
    provider.listings.filter(upstream_id__in=verdict.missing).update(missing_since=now)
    provider.listings.filter(upstream_id__in=verdict.returned).update(missing_since=None)
