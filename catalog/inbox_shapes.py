"""How discovery and its inbox look to programs: the same in the API and in `--json`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from catalog.discovery_models import DiscoveryRun, HeldList, InboxRule
from catalog.discovery_now import DiscoveryNow
from catalog.event_rows import EventRow
from catalog.rule_book import sentence
from llmhub.lib.rest import Output


class EventOut(Output):
    """One thing that happened to one listed model; `before` and `after` are fields of its list."""

    id: int
    provider: str
    upstream_id: str
    model: str | None
    curated: bool
    kind: str
    summary: str
    before: dict[str, Any]
    after: dict[str, Any]
    state: str
    found_at: datetime
    decided_at: datetime | None
    decided_by: str


class RunOut(Output):
    """One reading of a provider's list; `changes` counts them by kind."""

    id: int
    provider: str
    trigger: str
    outcome: str
    started_at: datetime
    duration_ms: int
    listed: int
    changes: dict[str, int]
    said: str
    by: str


class HeldOut(Output):
    """A list that is not believed until a person accepts it."""

    since: datetime
    why: str
    listed: int
    changes: dict[str, int]


class DiscoveryOut(Output):
    """How discovery stands with one provider; `why_not`: its list cannot be asked for."""

    provider: str
    source: str
    status: str
    last_refreshed_at: datetime | None
    last_success_at: datetime | None
    last_error: str
    failures: int
    next_run_at: datetime | None
    why_not: str
    held: HeldOut | None


class RuleOut(Output):
    """What is decided on events of a kind without asking; no provider: of any."""

    id: int
    kind: str
    action: str
    provider: str | None
    says: str
    created_at: datetime
    created_by: str


def event_out(row: EventRow) -> EventOut:
    """Return an event as programs read it."""
    event = row.event
    return EventOut(
        id=event.pk,
        provider=event.provider.slug,
        upstream_id=event.upstream_id,
        model=event.entry.slug if event.entry else None,
        curated=event.is_curated,
        kind=event.kind,
        summary=row.summary,
        before=event.before,
        after=event.after,
        state=event.state,
        found_at=event.found_at,
        decided_at=event.decided_at,
        decided_by=event.decided_by,
    )


def run_out(run: DiscoveryRun) -> RunOut:
    """Return a run as programs read it."""
    return RunOut(
        id=run.pk,
        provider=run.provider.slug,
        trigger=run.trigger,
        outcome=run.outcome,
        started_at=run.started_at,
        duration_ms=run.duration_ms,
        listed=run.listed,
        changes=run.counts,
        said=run.said,
        by=run.by,
    )


def held_out(held: HeldList) -> HeldOut:
    """Return a held list as programs read it."""
    run = held.run
    return HeldOut(since=run.started_at, why=run.said, listed=run.listed, changes=run.counts)


def discovery_out(row: DiscoveryNow) -> DiscoveryOut:
    """Return how discovery stands, as programs read it."""
    state, held = row.state, row.held
    return DiscoveryOut(
        provider=row.provider.slug,
        source=row.source,
        status=row.status[1].lower(),
        last_refreshed_at=state.refreshed_at if state else None,
        last_success_at=state.succeeded_at if state else None,
        last_error=state.error if state else "",
        failures=state.failures if state else 0,
        next_run_at=row.next_at,
        why_not=row.why_not,
        held=held_out(held) if held else None,
    )


def rule_out(rule: InboxRule) -> RuleOut:
    """Return a rule as programs read it."""
    return RuleOut(
        id=rule.pk,
        kind=rule.kind,
        action=rule.action,
        provider=rule.provider.slug if rule.provider else None,
        says=sentence(rule),
        created_at=rule.created_at,
        created_by=rule.created_by,
    )
