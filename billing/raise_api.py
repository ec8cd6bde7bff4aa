"""Raises of budgets, and the questions for them, in the management API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import AwareDatetime, Field

from billing import amount
from billing.budget import unit_of
from billing.budget_api import BudgetOut, Cap, budget_shown
from billing.budget_raise import end_raise, raise_budget
from billing.models import Budget
from billing.raise_models import RaiseRequest
from billing.raise_request import approve, ask_for_raise, askable_by, end_of, refuse, seen_by, withdraw
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller

router = Router()

Until = Annotated[AwareDatetime | None, Field(description="null: the end of the budget's period")]
Note = Annotated[str, Field(max_length=300)]


class RaiseIn(Input):
    """Another cap until an end."""

    cap: Cap
    until: Until = None
    reason: Note = ""


class AskIn(Input):
    """A raise to ask for."""

    cap: Cap
    until: Until = None
    reason: Annotated[str, Field(min_length=1, max_length=300)]


class DecisionIn(Input):
    """A decision; `approve` may give another cap and end than what was asked for."""

    verdict: Literal["approve", "refuse", "withdraw"]
    cap: Cap | None = None
    until: Until = None
    note: Note = ""


class RaiseRequestOut(Output):
    """A question for more, with its outcome."""

    id: int
    budget: int
    cap: str
    until: datetime
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    note: str


def request_out(row: RaiseRequest) -> RaiseRequestOut:
    """Return a question as programs read it."""
    return RaiseRequestOut(
        id=row.pk,
        budget=row.budget_id,
        cap=amount.show(row.cap, unit_of(row.budget)),
        until=end_of(row),
        reason=row.reason,
        asked_by=row.asked_by,
        asked_at=row.asked_at.astimezone(UTC),
        state=row.state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )


@router.put("/budgets/{int:budget_id}/raise", response={200: BudgetOut, **REFUSALS})
def set_raise(request: HttpRequest, budget_id: int, body: RaiseIn) -> BudgetOut:
    """Raise a budget until an end; the next call goes by it, and at the end the old cap is back."""
    actor = caller(request, "manage")
    budget = get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id)
    return budget_shown(raise_budget(actor=actor, budget=budget, **body.model_dump()))


@router.delete("/budgets/{int:budget_id}/raise", response={200: BudgetOut, **REFUSALS})
def take_raise_back(request: HttpRequest, budget_id: int) -> BudgetOut:
    """Take a raise back before its end."""
    actor = caller(request, "manage")
    budget = get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id)
    return budget_shown(end_raise(actor=actor, budget=budget))


@router.post("/budgets/{int:budget_id}/raise-requests", response={201: RaiseRequestOut, **REFUSALS})
def make_request(request: HttpRequest, budget_id: int, body: AskIn) -> Status[RaiseRequestOut]:
    """Ask for a raise; asking again while it is open changes the question."""
    actor = caller(request, "read")
    budget = get_object_or_404(askable_by(actor), pk=budget_id)
    return Status(201, request_out(ask_for_raise(actor=actor, budget=budget, **body.model_dump())))


@router.get("/raise-requests", response={200: Page[RaiseRequestOut], **REFUSALS})
def list_requests(
    request: HttpRequest,
    state: Literal["open", "approved", "refused", "withdrawn"] | None = None,
    budget: int | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[RaiseRequestOut]:
    """List questions for more, newest first."""
    rows = seen_by(caller(request, "read"))
    if state:
        rows = rows.filter(state=state)
    if budget is not None:
        rows = rows.filter(budget=budget)
    return page(rows, request_out, by="-id", cursor=cursor, limit=limit)


@router.post("/raise-requests/{int:request_id}/decide", response={200: RaiseRequestOut, **REFUSALS})
def decide(request: HttpRequest, request_id: int, body: DecisionIn) -> RaiseRequestOut:
    """Approve or refuse a question, or take one's own back."""
    actor = caller(request, "read" if body.verdict == "withdraw" else "manage")
    asked = get_object_or_404(seen_by(actor), pk=request_id)
    if body.verdict == "approve":
        done = approve(actor=actor, asked=asked, cap=body.cap or "", until=body.until, note=body.note)
    elif body.verdict == "refuse":
        done = refuse(actor=actor, asked=asked, note=body.note)
    else:
        done = withdraw(actor=actor, asked=asked)
    return request_out(done)
