"""What to tell of providers: one that is down, an offer that degraded, a credential out of use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from llmhub.alerts import alert
from llmhub.alerts.finding import CREDENTIAL, DEGRADED, PROVIDER, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from providers.credential_now import taken_out
from providers.degradation_watch import open_now
from providers.degradation_words import said_of
from providers.evidence_models import Degradation
from providers.models import Credential, Provider, StatusChange


def look(now: datetime | None = None) -> None:
    """Bring the alerts of providers in line with what is known of them. Safe to run twice."""
    now = now or clock.now()
    out = taken_out()
    alert.settle(CREDENTIAL, map(_of_credential, out), now=now)
    alert.settle(PROVIDER, _of_providers({row.provider_id for row in out}), now=now)
    _look_for_degraded(now)


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


def _look_for_degraded(now: datetime) -> None:
    """Tell of offers that degraded, once for each; that it is over is told with its numbers."""
    found: dict[int, list[Degradation]] = {}
    for row in open_now():
        found.setdefault(row.target_id, []).append(row)
    for open_ in Alert.objects.open().filter(rule=DEGRADED):
        target_id = int(open_.subject.partition(":")[2])
        rows = Degradation.objects.filter(target_id=target_id)
        last = None if rows.filter(ended_at=None).exists() else rows.order_by("-ended_at").first()
        if last is not None:
            alert.resolve(open_, text=f"It is over: {last.ended_with}.", now=now)
    alert.settle(DEGRADED, [_of_degraded(rows) for rows in found.values()], now=now)


def _of_degraded(rows: Sequence[Degradation]) -> Finding:
    first = rows[0]
    told = " ".join(f"{said_of(row.measure)}: {row.began_with}.".capitalize() for row in rows)
    return Finding(
        DEGRADED,
        f"offer:{first.target_id}",
        f"{first.label} at {first.provider.name} has degraded",
        f"{told} Calls still go there: pause the provider, or move the offer down, if it stays so.",
        path=f"/providers/{first.provider.slug}/#evidence",
        facts={
            "provider": first.provider.slug,
            "model": first.label,
            "since": first.began_at.isoformat(),
            "measures": [row.facts for row in rows],
        },
    )
