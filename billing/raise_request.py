"""Ask for a higher cap, and decide: each step is in the audit log of the budget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from billing import amount
from billing.budget import require_budget, subject, unit_of
from billing.budget_raise import checked, raise_budget
from billing.models import Budget
from billing.querysets import BudgetQuerySet
from billing.raise_models import RaiseRequest
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed, reach

_STATE = RaiseRequest.State
_MAX_TEXT = 300


@transaction.atomic
def ask_for_raise(
    *, actor: Actor, budget: Budget, cap: str, reason: str, until: datetime | None = None
) -> RaiseRequest:
    """Save that somebody asks to raise `budget` to `cap` until `until`, by default the end of its period.

    Who asks again while the first question is open changes it. Raises `ValidationError` on what no
    raise could be, and without a reason.
    """
    if not askable_by(actor).filter(pk=budget.pk).exists():
        raise NotAllowed(f"{actor.label} may not ask for more of this: no call of theirs falls under it")
    row = Budget.objects.select_for_update().get(pk=budget.pk)
    wanted, end = checked(row, cap=cap, until=until)
    reason = _text("reason", reason)
    if not reason:
        raise ValidationError({"reason": "say what it is for: who decides reads this"})
    asked = open_of(actor, row) or RaiseRequest(budget=row, asker=actor.identity)
    asked.asked_by = actor.label
    asked.cap, asked.until, asked.reason, asked.asked_at = wanted, end, reason, clock.now()
    asked.full_clean(exclude=["budget"])
    asked.save()
    log.record(actor, "budget.raise_asked", subject(row), after=facts(asked))
    return asked


def open_of(actor: Actor, budget: Budget) -> RaiseRequest | None:
    """Return the question of `actor` for more of `budget` that waits for an answer."""
    return RaiseRequest.objects.filter(budget=budget, asker=actor.identity, state=_STATE.OPEN).first()


def askable_by(actor: Actor) -> BudgetQuerySet:
    """Return the budgets for more of which `actor` may ask: those they see, and those of everybody's calls.

    A refused call says by which of them; how much others spent of it is not shown with that.
    """
    shared = (Budget.Scope.ORGANISATION, Budget.Scope.PROVIDER, Budget.Scope.MODEL)
    budgets = Budget.objects.in_force()
    return budgets.filter(Q(scope__in=shared) | Q(pk__in=budgets.seen_by(actor).values("pk")))


def seen_by(actor: Actor) -> QuerySet[RaiseRequest]:
    """Return the questions that `actor` may see: of budgets that they see, and their own."""
    rows = RaiseRequest.objects.select_related("budget")
    if reach(actor) is None:
        return rows
    seen = Budget.objects.seen_by(actor).values("pk")
    return rows.filter(Q(budget_id__in=seen) | Q(asker=actor.identity))


@transaction.atomic
def approve(
    *, actor: Actor, asked: RaiseRequest, cap: str = "", until: datetime | None = None, note: str = ""
) -> RaiseRequest:
    """Raise the budget as asked, or to another `cap` and end.

    Raises `ValidationError` when the question was answered before, or its end has passed.
    """
    require_budget(actor, asked.budget)
    row = _open(asked)
    budget = row.budget
    raise_budget(
        actor=actor,
        budget=budget,
        cap=cap or amount.show(row.cap, unit_of(budget)),
        until=until or end_of(row),
        reason=f"{row.asked_by}: {row.reason}"[:_MAX_TEXT],
    )
    return _decided(actor, row, _STATE.APPROVED, note)


@transaction.atomic
def refuse(*, actor: Actor, asked: RaiseRequest, note: str = "") -> RaiseRequest:
    """Leave the budget as it is. Raises `ValidationError` when the question was answered before."""
    require_budget(actor, asked.budget)
    return _decided(actor, _open(asked), _STATE.REFUSED, note)


@transaction.atomic
def withdraw(*, actor: Actor, asked: RaiseRequest) -> RaiseRequest:
    """Take one's own question back. Raises `ValidationError` when it is another's, or was answered."""
    row = _open(asked)
    if row.asker != actor.identity:
        raise ValidationError(f"{row.asked_by} asked this: only they can take it back; refuse it instead")
    return _decided(actor, row, _STATE.WITHDRAWN, "")


def end_of(asked: RaiseRequest) -> datetime:
    """Return until when a raise is asked for."""
    return datetime.fromtimestamp(asked.until, UTC)


def facts(asked: RaiseRequest) -> dict[str, Any]:
    """Return a question for the audit log."""
    return {
        "request": asked.pk,
        "cap": amount.show(asked.cap, unit_of(asked.budget)),
        "until": end_of(asked).isoformat(),
        "reason": asked.reason,
    }


def _open(asked: RaiseRequest) -> RaiseRequest:
    row = RaiseRequest.objects.select_for_update(of=("self",)).select_related("budget").get(pk=asked.pk)
    if row.state != _STATE.OPEN:
        raise ValidationError(f"this was {row.get_state_display().lower()} by {row.decided_by} already")
    return row


def _decided(actor: Actor, row: RaiseRequest, state: RaiseRequest.State, note: str) -> RaiseRequest:
    row.state, row.note = state, _text("note", note)
    row.decided_by, row.decided_at = actor.label, clock.now()
    row.save(update_fields=["state", "note", "decided_by", "decided_at"])
    log.record(actor, f"budget.raise_{state}", subject(row.budget), after={**facts(row), "note": row.note})
    return row


def _text(field: str, text: str) -> str:
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise ValidationError({field: f"this has {len(text)} letters: {_MAX_TEXT} at most"})
    return text
