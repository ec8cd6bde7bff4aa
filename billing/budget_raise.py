"""Raise a budget once, until an end: by the clock, nothing has to take it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import crossing
from billing.budget import facts, parse_cap, require_budget, subject, value_of
from billing.budget_names import Names
from billing.models import Budget
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock

LONGEST = timedelta(days=366)


@transaction.atomic
def raise_budget(
    *, actor: Actor, budget: Budget, cap: str, until: datetime | None = None, reason: str = ""
) -> Budget:
    """Hold calls to `cap` until `until`, by default the end of the period; then the old cap is back.

    A second raise takes the place of the first. Raises `ValidationError` on a cap that is not more
    than the budget's own, on an end that has passed or is more than a year ahead, and on a budget
    that has no limit or was removed.
    """
    require_budget(actor, budget)
    row = Budget.objects.select_for_update().get(pk=budget.pk)
    before = facts(row)
    row.raised_cap, row.raised_until = checked(row, cap=cap, until=until)
    row.full_clean()
    row.save(update_fields=["raised_cap", "raised_until"])
    crossing.recount(row, now=clock.now())
    log.record(actor, "budget.raised", subject(row), before=before, after={**facts(row), "reason": reason})
    return row


@transaction.atomic
def end_raise(*, actor: Actor, budget: Budget) -> Budget:
    """Take a raise back before its end; without one nothing changes."""
    require_budget(actor, budget)
    row = Budget.objects.select_for_update().get(pk=budget.pk)
    if row.raised_until is not None:
        before = facts(row)
        row.raised_cap = row.raised_until = None
        row.save(update_fields=["raised_cap", "raised_until"])
        crossing.recount(row, now=clock.now())
        log.record(actor, "budget.raise_ended", subject(row), before=before, after=facts(row))
    return row


def checked(budget: Budget, *, cap: str, until: datetime | None) -> tuple[int, int]:
    """Return a raise as a budget keeps it: cap in its unit, end in Unix seconds. Raises as `raise_budget`."""
    if budget.removed_at is not None:
        raise ValidationError("this budget was removed: make another")
    if budget.cap is None:
        raise ValidationError("this budget has no limit: there is nothing to raise")
    wanted = parse_cap(cap, budget)
    if wanted is None or wanted <= budget.cap:
        raise ValidationError({"cap": "this is not more than the cap: write what may be spent in all"})
    now = clock.now()
    until = until or value_of(budget, Names({})).resets_at(now)
    if until is None:
        raise ValidationError({"until": "this budget never begins anew: say until when it is raised"})
    if until <= now:
        raise ValidationError({"until": "this moment has passed: choose a later one"})
    if until > now + LONGEST:
        raise ValidationError({"until": "this is more than a year ahead: change the cap itself"})
    return wanted, int(until.timestamp())
