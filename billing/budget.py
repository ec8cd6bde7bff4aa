"""Make, change and remove budgets, and say which are in force."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import amount, crossing, thresholds
from billing.budget_names import Names, NotThere, find
from billing.entries import Unit
from billing.models import ApiKey, Budget
from billing.periods import Per
from billing.scopes import BudgetValue
from catalog.models import Origin
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, zones
from llmhub.people import organisation
from llmhub.people.roles import NotAllowed, require

# As callers write tags; the value may be as long as `x-llmhub-tags` takes it.
_TAG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}=[\x20-\x7e]{0,100}")
_KEPT: Any = object()  # a value that stays as it is


@transaction.atomic
def create_budget(
    *,
    actor: Actor,
    scope: str,
    name: str = "",
    per: str,
    cap: str | None,
    unit: str = "usd",
    hard: bool = True,
    time_zone: str = "",
    contact: str = "",
    alert_at: Iterable[int] = thresholds.DEFAULT,
    origin: Origin = Origin.PERSON,
) -> Budget:
    """Save a new budget for what `name` says in `scope`; a cap of None is no limit.

    Periods begin by the clock in `time_zone`, the organisation's by default. What was spent before
    the budget was made does not count. Who manages a team makes budgets of it and of its keys. Raises
    `NotAllowed`, and `ValidationError` on anything that makes no sense, and when there is such a budget.
    """
    require(actor, "manage")
    name = name.strip()
    budget = Budget(
        scope=scope,
        tag=name if scope == Budget.Scope.TAG else "",
        per=per,
        time_zone=time_zone or organisation.current().time_zone,
        unit=unit,
        hard=hard,
        contact=contact.strip(),
        alert_at=_alert_at(alert_at),
        origin=origin,
    )
    budget.clean_fields(exclude=["cap", "scope_id"])
    budget.scope_id = _whose(scope, name, by=actor)
    require_budget(actor, budget)
    _check_zone(budget.time_zone)
    budget.cap = parse_cap(cap, budget)
    _refuse_second(budget)
    budget.full_clean()
    budget.save()
    log.record(actor, "budget.created", subject(budget), after=facts(budget))
    return budget


@transaction.atomic
def change_budget(
    *,
    actor: Actor,
    budget: Budget,
    cap: str | None = _KEPT,
    hard: bool = _KEPT,
    contact: str = _KEPT,
    alert_at: Iterable[int] = _KEPT,
    origin: Origin = _KEPT,
) -> Budget:
    """Save another cap, hardness, contact or thresholds; what is not given stays. The next call goes by it.

    A raise that the new cap reaches ends with it, and a threshold that it leaves behind can be crossed
    again. Raises `ValidationError` on a cap that is no amount, on a percent that is none, and on a
    budget that was removed.
    """
    require_budget(actor, budget)
    row = Budget.objects.select_for_update().get(pk=budget.pk)
    if row.removed_at is not None:
        raise ValidationError("this budget was removed: make another")
    before = facts(row)
    if cap is not _KEPT:
        _set_cap(row, cap)
    if contact is not _KEPT:
        row.contact = contact.strip()
    if hard is not _KEPT and hard != row.hard:
        row.hard = hard
        _refuse_second(row)
    if alert_at is not _KEPT:
        row.alert_at = _alert_at(alert_at)
    if origin is not _KEPT:
        row.origin = origin
    if (after := facts(row)) != before:
        row.full_clean()
        row.save(update_fields=["cap", "raised_cap", "raised_until", "hard", "contact", "alert_at", "origin"])
        log.record(actor, "budget.changed", subject(row), before=before, after=after)
        crossing.recount(row, now=clock.now())
    return row


def _set_cap(row: Budget, cap: str | None) -> None:
    row.cap = parse_cap(cap, row)
    if row.cap is None or row.cap >= (row.raised_cap or 0):
        row.raised_cap = row.raised_until = None


@transaction.atomic
def remove_budget(*, actor: Actor, budget: Budget) -> None:
    """Let a budget limit nothing any more; a second time changes nothing."""
    require_budget(actor, budget)
    if Budget.objects.in_force().filter(pk=budget.pk).update(removed_at=clock.now()):
        log.record(actor, "budget.removed", subject(budget), before=facts(budget))


def same_kind(*, scope: str, name: str, per: str, unit: str, hard: bool) -> Budget | None:
    """Return the budget that limits the same in the same way, whatever its cap and zone; None without one.

    Raises `ValidationError` when there is nothing of this name.
    """
    tag = name if scope == Budget.Scope.TAG else ""
    rows = Budget.objects.in_force().filter(scope=scope, scope_id=_whose(scope, name), tag=tag)
    return rows.filter(per=per, unit=unit, hard=hard).first()


def in_force() -> tuple[BudgetValue, ...]:
    """Return every budget that was not removed, for the gateway's snapshot."""
    budgets = list(Budget.objects.in_force().order_by("id"))
    names = Names.of(budgets)
    return tuple(value_of(budget, names) for budget in budgets)


def value_of(budget: Budget, names: Names) -> BudgetValue:
    """Return a budget as the gateway's snapshot holds it."""
    return BudgetValue(
        id=budget.pk,
        scope=budget.scope,
        whose=budget.tag or budget.scope_id,
        per=cast("Per", budget.per),
        zone=ZoneInfo(budget.time_zone),
        unit=unit_of(budget),
        hard=budget.hard and budget.cap is not None,
        label=names.label(budget),
        contact=budget.contact,
    )


def unit_of(budget: Budget) -> Unit:
    """Return what a budget counts."""
    return cast("Unit", budget.unit)


def require_budget(actor: Actor, budget: Budget) -> None:
    """Raise `NotAllowed` unless `actor` may make or change such a budget."""
    if budget.scope == Budget.Scope.TEAM:
        return require(actor, "manage", team=budget.scope_id)
    if budget.scope == Budget.Scope.KEY:
        team = ApiKey.objects.filter(pk=budget.scope_id).values_list("team_id", flat=True).first()
        return require(actor, "manage", team=team or 0)
    return require(actor, "configure")


def may_change(actor: Actor, budget: Budget) -> bool:
    """Return whether `actor` may change or remove this budget."""
    try:
        require_budget(actor, budget)
    except NotAllowed:
        return False
    return True


def _whose(scope: str, name: str, *, by: Actor | None = None) -> int:
    """Return the id of what the budget is of. Raises `ValidationError` when there is no such thing."""
    if scope == Budget.Scope.ORGANISATION and name:
        raise ValidationError({"name": "a budget of the organisation is of all calls: leave the name out"})
    if scope == Budget.Scope.TAG and not _TAG.fullmatch(name):
        raise ValidationError({"name": f"{name[:60]!r} is no tag: write name=value, as callers send it"})
    try:
        return find(scope, name, by=by)
    except NotThere as missing:
        raise ValidationError({"name": str(missing)}) from None


def _check_zone(name: str) -> None:
    if wrong := zones.fault(name):
        raise ValidationError({"time_zone": wrong})


def parse_cap(text: str | None, budget: Budget) -> int | None:
    """Return a cap as the budget counts it; None is no limit. Raises `ValidationError` on `cap`."""
    try:
        return None if text is None else amount.parse_cap(text.strip(), unit_of(budget))
    except ValueError as wrong:
        raise ValidationError({"cap": str(wrong)}) from None


def _alert_at(percents: Iterable[int]) -> str:
    try:
        return thresholds.kept(percents)
    except ValueError as wrong:
        raise ValidationError({"alert_at": str(wrong)}) from None


def _refuse_second(budget: Budget) -> None:
    """Raise `ValidationError` when another budget limits the same in the same way."""
    same = Budget.objects.in_force().exclude(pk=budget.pk)
    fields = ("scope", "scope_id", "tag", "per", "unit", "hard")
    if other := same.filter(**{field: getattr(budget, field) for field in fields}).first():
        raise ValidationError(f"there is such a budget already, number {other.pk}: change that one")


def subject(budget: Budget) -> str:
    """Return what the audit log calls a budget."""
    return f"budget:{budget.pk}"


def facts(budget: Budget) -> dict[str, Any]:
    """Return a budget for the audit log, by the names that people know."""
    cap = None if budget.cap is None else amount.show(budget.cap, unit_of(budget))
    return {
        "of": Names.of([budget]).label(budget),
        "per": budget.per,
        "time_zone": budget.time_zone,
        "unit": budget.unit,
        "cap": cap or "unlimited",
        **_raise_of(budget),
        "hard": budget.hard,
        "contact": budget.contact,
        "alert_at": list(thresholds.percents(budget.alert_at)),
        "origin": budget.origin,
    }


def _raise_of(budget: Budget) -> dict[str, str]:
    if budget.raised_cap is None or budget.raised_until is None:
        return {}
    until = datetime.fromtimestamp(budget.raised_until, ZoneInfo(budget.time_zone))
    return {"raised_to": amount.show(budget.raised_cap, unit_of(budget)), "raised_until": until.isoformat()}
