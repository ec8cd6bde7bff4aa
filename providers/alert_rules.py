"""What to tell of providers: one that is down, and a credential that was taken out of use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from llmhub.alerts import alert
from llmhub.alerts.finding import CREDENTIAL, PROVIDER, Finding
from llmhub.lib import clock
from providers.credential_now import taken_out
from providers.models import Credential, Provider, StatusChange


def look(now: datetime | None = None) -> None:
    """Bring the alerts of providers in line with what is known of them. Safe to run twice."""
    now = now or clock.now()
    out = taken_out()
    alert.settle(CREDENTIAL, map(_of_credential, out), now=now)
    alert.settle(PROVIDER, _of_providers({row.provider_id for row in out}), now=now)


def _of_providers(told: set[int]) -> Iterator[Finding]:
    """Yield providers that do not answer; of a refused credential its own alert tells, where it is out."""
    rows = Provider.objects.listed().filter(health__in=["down", "refused"], paused_reason="")
    for provider in rows:
        if provider.health == "down" or provider.pk not in told:
            yield _of_provider(provider)


def _of_provider(provider: Provider) -> Finding:
    change = StatusChange.objects.filter(provider=provider, after=provider.health).first()
    since = provider.health_since or provider.created_at
    is_down = provider.health == "down"
    evidence = change.evidence if change else provider.check_message
    todo = (
        "Calls go to other offers of the same model, where it has some. Pause the provider if it stays away."
        if is_down
        else "Enter another credential on its page."
    )
    return Finding(
        PROVIDER,
        f"provider:{provider.slug}",
        f"{provider.name} is down" if is_down else f"{provider.name} refuses its credential",
        f"Checks say: {evidence.rstrip('.')}. {todo}",
        period=int(since.timestamp()),
        severity="critical" if is_down else "warning",
        path=f"/providers/{provider.slug}/",
        facts={
            "provider": provider.slug,
            "health": provider.health,
            "since": since.isoformat(),
            "evidence": evidence,
        },
    )


def _of_credential(row: Credential) -> Finding:
    since = row.disabled_at or row.created_at
    return Finding(
        CREDENTIAL,
        f"credential:{row.pk}",
        f"A credential of {row.provider.name} is out of use",
        f"“{row.label}”: {row.disabled_reason.rstrip('.')}. "
        "No call uses it. Replace it, or use it again once the provider accepts it.",
        period=int(since.timestamp()),
        path=f"/providers/{row.provider.slug}/#credential-{row.pk}",
        facts={
            "provider": row.provider.slug,
            "label": row.label,
            "reason": row.disabled_reason,
            "since": since.isoformat(),
        },
    )
