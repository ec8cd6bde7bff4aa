"""Check a saved provider with each of its credentials, and keep what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from asgiref.sync import async_to_sync
from django.db import transaction

from llmhub.lib import clock
from providers.adapters import DialectNotServed, adapter_for
from providers.check import Check, Outcome, check
from providers.credential import CredentialUnreadable, reveal
from providers.health_rules import Health, settle, was_asked
from providers.listing import Listing, column
from providers.models import Credential, HealthCheck, ListedModel, Provider
from providers.status_change import change_health
from providers.wire import Target

MAX_LISTED = 5_000  # models of one provider that are kept
_AT_ONCE = 4  # checks of one provider: it may count them as calls
_MAX_MESSAGE = 300  # letters of a message that is kept
_HEALTH = (
    "checked_at", "check_outcome", "check_message", "check_latency_ms", "health", "health_since",
    "bad_checks",
)  # fmt: skip


def check_and_save(provider: Provider) -> Check:
    """Check a provider now with each of its credentials, and keep what was found with all of them.

    Returns what the best of those in use found, or of all where none is in use. One that was
    taken out stays out: a person decides.
    """
    Provider.objects.filter(pk=provider.pk).update(health_claimed_at=clock.now())  # the schedule's turn, too
    credentials = list(provider.credentials.all())
    found, each = _checked(provider, credentials)
    keep_check(provider, found, list(zip(credentials, each, strict=True)) if each else [])
    return found


def _checked(provider: Provider, credentials: Sequence[Credential]) -> tuple[Check, list[Check]]:
    """Return the verdict on the provider, and on each credential where they could be tried."""
    return async_to_sync(look)(provider, credentials)


async def look(
    provider: Provider, credentials: Sequence[Credential], *, light: bool = False
) -> tuple[Check, list[Check]]:
    """Check a provider with these of its credentials: the verdict on it, and on each that was tried."""
    if not credentials and provider.needs_credential:
        return Check(Outcome.NO_CREDENTIAL, "it needs a credential: add one"), []
    try:
        adapter = adapter_for(provider.kind, provider.dialect)
    except DialectNotServed as refusal:
        return Check(Outcome.NOT_SERVED, str(refusal)), []
    if not credentials:
        return await check(Target(provider.base_url, ""), adapter, light=light), []
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(credential: Credential) -> Check:
        try:
            secret = reveal(credential)
        except CredentialUnreadable as refusal:
            return Check(Outcome.NO_CREDENTIAL, str(refusal))
        async with turn:
            return await check(Target(provider.base_url, "", secret), adapter, light=light)

    each = list(await asyncio.gather(*map(one, credentials)))
    return _verdict(credentials, each), each


def _verdict(credentials: Sequence[Credential], each: Sequence[Check]) -> Check:
    both = list(zip(credentials, each, strict=True))
    used = [(row, found) for row, found in both if not row.disabled_reason] or both
    best = next((found for _, found in used if found.answered), used[0][1])
    failing = [row.label for row, found in used if not found.answered]
    if not best.answered or not failing:
        return best
    return replace(best, message=f"{best.message}; but not with the credential {', '.join(failing)}")


@transaction.atomic
def keep_check(provider: Provider, found: Check, each: Sequence[tuple[Credential, Check]]) -> None:
    """Keep what was found, unless the provider was removed or has another address by now."""
    now = clock.now()
    here = Provider.objects.listed().filter(pk=provider.pk, base_url=provider.base_url)
    saved = here.select_for_update().first()
    if saved is None:
        return
    _keep_health(saved, found, now)
    for row, one in each:
        same = Credential.objects.filter(pk=row.pk, sealed=row.sealed, reference=row.reference)
        same.update(checked_at=now, check_outcome=one.outcome, check_message=one.message[:_MAX_MESSAGE])
    if found.outcome == Outcome.OK and here.filter(listed_at=None).exists():
        keep_listings(provider, found.listings)


def _keep_health(saved: Provider, found: Check, now: datetime) -> None:
    """Keep what a check found, and tell when it changes what is known of the provider."""
    before: Health = saved.health  # type: ignore[assignment]
    after, saved.bad_checks = settle(before, found.outcome, saved.bad_checks)
    message = found.message[:_MAX_MESSAGE]
    saved.checked_at, saved.check_outcome, saved.check_message = now, found.outcome, message
    saved.check_latency_ms = found.latency_ms if was_asked(found.outcome) else None
    change_health(saved, after, evidence=message, at=now)
    if was_asked(found.outcome):
        HealthCheck.objects.create(
            provider=saved, at=now, outcome=found.outcome, latency_ms=found.latency_ms, message=message
        )
    saved.save(update_fields=_HEALTH)


@transaction.atomic
def keep_listings(provider: Provider, listings: Sequence[Listing]) -> None:
    """Keep a provider's first list of models, to be seen until discovery takes it in and goes on with it."""
    named = {row.upstream_id: row for row in listings[:MAX_LISTED]}
    provider.listings.all().delete()
    ListedModel.objects.bulk_create(
        [
            ListedModel(
                provider=provider,
                upstream_id=row.upstream_id,
                name=row.name,
                context_tokens=column(row.context_tokens),
            )
            for row in named.values()
        ],
        batch_size=500,
    )
    Provider.objects.filter(pk=provider.pk).update(listed_at=clock.now())
