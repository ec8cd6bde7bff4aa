"""An alert's life: pending → firing → resolved; each transition happens once, with its messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.alerts import outbox
from llmhub.alerts.finding import Finding
from llmhub.alerts.models import Alert, Transition, facts_of
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.roles import allowed, require

AT_ONCE = timedelta(0)
LONGEST_SNOOZE = timedelta(days=31)
KEPT = timedelta(days=400)  # of resolved alerts, with their deliveries
_State = Alert.State


def observe(finding: Finding, *, now: datetime, hold: timedelta = AT_ONCE) -> Alert:
    """Say that a condition holds: its alert is there, and fires once it has held for `hold`.

    However many workers say so at the same time, each transition happens once. An alert that was
    resolved begins anew.
    """
    seen = Alert.objects.of(finding).first()
    if seen is not None and (seen.state == _State.FIRING or _waits(seen, now, hold)):
        return seen
    with transaction.atomic():
        alert = _there(finding, now)
        if alert.state == _State.RESOLVED:
            alert.pending_at, alert.resolved_at = now, None
            alert.acknowledged_at, alert.acknowledged_by, alert.snoozed_until = None, "", None
            _move(alert, _State.PENDING, now, **facts_of(finding))
        if alert.state == _State.PENDING and now - alert.pending_at >= hold:
            alert.fired_at = now
            outbox.tell(_move(alert, _State.FIRING, now, **facts_of(finding)))
    return alert


def resolve(alert: Alert, *, text: str, now: datetime, facts: dict[str, Any] | None = None) -> bool:
    """Say that a condition holds no more; whoever was told that it did is told. False: it was said before."""
    with transaction.atomic():
        row = Alert.objects.select_for_update().get(pk=alert.pk)
        if row.state == _State.RESOLVED:
            return False
        was_told = row.state == _State.FIRING
        row.resolved_at, row.snoozed_until = now, None
        made = _move(row, _State.RESOLVED, now, text=text, **({} if facts is None else {"facts": facts}))
        if was_told:
            outbox.tell_those_told(made)
    return True


def settle(rule: str, findings: Iterable[Finding], *, now: datetime, hold: timedelta = AT_ONCE) -> None:
    """Bring the alerts of a rule in line with everything that it finds now.

    What holds since a moment is over once it was resolved: a worker that looked earlier fires it no more.
    """
    holds = {finding.identity: finding for finding in findings}
    for alert in Alert.objects.open().filter(rule=rule):
        if (alert.rule, alert.subject, alert.period, alert.threshold) not in holds:
            resolve(alert, text="It is no longer so.", now=now)
    for finding in holds.values():
        if not (finding.period and Alert.objects.of(finding).filter(state=_State.RESOLVED).exists()):
            observe(finding, now=now, hold=hold)


def acknowledge(*, actor: Actor, alert: Alert, now: datetime) -> Alert:
    """Say that somebody sees to it; a second time changes nothing.

    Raises `ValidationError` where nothing fires.
    """
    _require(actor, alert)
    with transaction.atomic():
        row = _firing(alert)
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = now, actor.label
            row.save(update_fields=["acknowledged_at", "acknowledged_by"])
            log.record(actor, "alert.acknowledged", f"alert:{row.pk}", after={"alert": row.title})
    return row


def snooze(*, actor: Actor, alert: Alert, until: datetime, now: datetime) -> Alert:
    """Put an alert off: it is told again at `until`, if it still fires.

    Raises `ValidationError` where nothing fires, and on a moment that is past or too far.
    """
    _require(actor, alert)
    if not now < until <= now + LONGEST_SNOOZE:
        days = LONGEST_SNOOZE.days
        raise ValidationError({"until": f"put it off to a later moment, within {days} days"})
    with transaction.atomic():
        row = _firing(alert)
        row.snoozed_until = until
        row.save(update_fields=["snoozed_until"])
        told = {"alert": row.title, "until": until.isoformat()}
        log.record(actor, "alert.snoozed", f"alert:{row.pk}", after=told)
    return row


def wake(now: datetime) -> int:
    """Tell again of alerts that were put off until now; return how many."""
    woken = 0
    for alert in Alert.objects.firing().filter(snoozed_until__lte=now):
        with transaction.atomic():
            row = Alert.objects.select_for_update().get(pk=alert.pk)
            if row.state != _State.FIRING or row.snoozed_until is None or row.snoozed_until > now:
                continue
            row.snoozed_until = None
            outbox.tell(_move(row, _State.FIRING, now))
            woken += 1
    return woken


def forget(now: datetime) -> int:
    """Delete what was resolved longer ago than it is kept; return how many alerts."""
    old = Alert.objects.filter(state=_State.RESOLVED, resolved_at__lt=now - KEPT)
    found = list(old.order_by("id").values_list("id", flat=True)[:200])  # a gateway waits no longer than that
    Alert.objects.filter(pk__in=found).delete()
    return len(found)


def _waits(alert: Alert, now: datetime, hold: timedelta) -> bool:
    return alert.state == _State.PENDING and now - alert.pending_at < hold


def _there(finding: Finding, now: datetime) -> Alert:
    """Return the alert of a finding, locked; whoever comes first makes it."""
    rule, subject, period, threshold = finding.identity
    new = Alert(
        rule=rule, subject=subject, period=period, threshold=threshold, pending_at=now, **facts_of(finding)
    )
    Alert.objects.bulk_create([new], ignore_conflicts=True)
    alert = Alert.objects.select_for_update().get(
        rule=rule, subject=subject, period=period, threshold=threshold
    )
    if not alert.transitions.exists():
        _move(alert, _State.PENDING, now)
    return alert


def _move(alert: Alert, state: str, now: datetime, **values: Any) -> Transition:
    """Save a locked alert in another state, and the transition with its words and numbers."""
    for name, value in values.items():
        setattr(alert, name, value)
    alert.state = state
    alert.save()
    return Transition.objects.create(
        alert=alert,
        number=alert.transitions.count() + 1,
        state=state,
        at=now,
        title=alert.title,
        text=alert.text,
        facts=alert.facts,
    )


def _firing(alert: Alert) -> Alert:
    row = Alert.objects.select_for_update().get(pk=alert.pk)
    if row.state != _State.FIRING:
        raise ValidationError("this alert does not fire: there is nothing to do about it")
    return row


def may_change(actor: Actor, alert: Alert) -> bool:
    """Return whether `actor` may acknowledge an alert: who manages its team, or the hub."""
    if alert.team_id is None:
        return allowed(actor, "configure")
    return allowed(actor, "manage", team=alert.team_id)


def _require(actor: Actor, alert: Alert) -> None:
    if alert.team_id is None:
        require(actor, "configure")
    else:
        require(actor, "manage", team=alert.team_id)
