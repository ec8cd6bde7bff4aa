"""Change what is known of a provider's health, and tell each change once."""

from __future__ import annotations

from datetime import datetime

from providers.health_rules import Health
from providers.models import Provider, StatusChange


def change_health(provider: Provider, after: Health, *, evidence: str, at: datetime) -> None:
    """Set the health of a locked row, which the caller saves in the same transaction."""
    if provider.health == after:
        return
    StatusChange.objects.create(
        provider=provider, at=at, before=provider.health, after=after, evidence=evidence
    )
    provider.health, provider.health_since = after, at


def forget_checks(provider: Provider, *, why: str, at: datetime) -> None:
    """Forget what checks of a locked row found: they were of another address or credential."""
    provider.checked_at, provider.check_outcome, provider.check_message = None, "", ""
    provider.check_latency_ms, provider.bad_checks, provider.health_claimed_at = None, 0, None
    change_health(provider, "", evidence=why, at=at)


def check_soon(provider: Provider) -> None:
    """Let the schedule check a provider at its next look: what is known is of another credential."""
    Provider.objects.filter(pk=provider.pk).update(health_claimed_at=None)
