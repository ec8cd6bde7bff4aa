"""Pages that raise a budget for a while, ask for that, and decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import budget_words
from billing.budget import may_change, require_budget
from billing.budget_raise import end_raise, raise_budget
from billing.budget_state import BudgetRow, states
from billing.budget_steps import history_of
from billing.models import Budget
from billing.raise_forms import AskForm, DecisionForm, RaiseForm, asked_now
from billing.raise_models import RaiseRequest
from billing.raise_request import approve, ask_for_raise, askable_by, open_of, refuse, seen_by, withdraw
from llmhub.lib import clock, forms
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs

_SAID = {
    "approve": "Approved: the next call goes by the higher cap.",
    "refuse": "Refused. The budget stays as it is.",
}


@dataclass(frozen=True)
class Asked:
    """A question as pages show it."""

    request: RaiseRequest
    until: datetime  # in the budget's zone
    row: BudgetRow  # as it stands
    is_own: bool
    may_decide: bool


@require_http_methods(["GET", "POST"])
@needs("manage")
def budget_raise(request: HttpRequest, budget_id: int) -> HttpResponse:
    """The form that raises a budget until an end."""
    actor = actor_of(request)
    budget = get_object_or_404(Budget.objects.in_force().seen_by(actor), pk=budget_id)
    require_budget(actor, budget)
    form = RaiseForm(request.POST or None, budget=budget)
    if form.is_valid():
        try:
            raise_budget(actor=actor, budget=budget, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Raised. The next call goes by it; at its end the old cap is back.")
            return redirect("billing:budget_detail", budget_id)
    return _form(request, budget, form, "billing/budget_raise.html")


@require_POST
@needs("manage")
def budget_raise_end(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Take a raise back before its end."""
    actor = actor_of(request)
    end_raise(actor=actor, budget=get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id))
    messages.success(request, "The old cap is back. The next call goes by it.")
    return redirect("billing:budget_detail", budget_id)


@require_http_methods(["GET", "POST"])
@needs("read")
def budget_ask(request: HttpRequest, budget_id: int) -> HttpResponse:
    """The form that asks for a raise: where the 402 of a refused call points to."""
    actor = actor_of(request)
    budget = get_object_or_404(askable_by(actor), pk=budget_id)
    sees_it = Budget.objects.seen_by(actor).filter(pk=budget_id).exists()
    form = AskForm(request.POST or None, budget=budget, initial=asked_now(open_of(actor, budget)))
    if form.is_valid():
        try:
            ask_for_raise(actor=actor, budget=budget, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Asked. You see here when it is decided.")
            return _back(budget_id, sees_it=sees_it)
    return _form(request, budget, form, "billing/budget_ask.html", sees_it=sees_it)


def _back(budget_id: int, *, sees_it: bool) -> HttpResponse:
    """Return to the budget, or to one's questions where its figures are not for the one who asks."""
    return redirect("billing:budget_detail", budget_id) if sees_it else redirect("billing:raise_request_list")


def _form(
    request: HttpRequest, budget: Budget, form: RaiseForm, page: str, *, sees_it: bool = True
) -> HttpResponse:
    context = {"form": form, "row": states([budget], at=clock.now())[0], "sees_it": sees_it}
    context["decider"] = budget_words.decider(budget.scope)
    return render(request, page, context, status=422 if form.is_bound else 200)


@require_GET
@needs("read")
def raise_request_list(request: HttpRequest) -> HttpResponse:
    """Every question for more, open ones by default; choosing a state swaps only the table."""
    state = request.GET.get("state", "open")
    rows = seen_by(actor_of(request))
    screen = screen_of(request, rows if state == "any" else rows.filter(state=state), by="-id")
    context = {
        "asked": asked_rows(request, screen.rows),
        "next_cursor": screen.next_cursor,
        "state": state,
        "states": RaiseRequest.State,
    }
    return render_page(
        request, page="billing/raise_request_list.html", partial="billing/_raise_table.html", context=context
    )


def asked_rows(request: HttpRequest, rows: Sequence[RaiseRequest]) -> list[Asked]:
    """Return questions as pages show them."""
    actor = actor_of(request)
    standing = {row.budget.pk: row for row in states([each.budget for each in rows], at=clock.now())}
    return [
        Asked(
            row,
            datetime.fromtimestamp(row.until, ZoneInfo(row.budget.time_zone)),
            standing[row.budget_id],
            is_own=row.asker == actor.identity,
            may_decide=may_change(actor, row.budget),
        )
        for row in rows
    ]


@require_POST
@needs("manage")
def raise_request_decide(request: HttpRequest, request_id: int) -> HttpResponse:
    """Approve or refuse a question."""
    asked = get_object_or_404(seen_by(actor_of(request)), pk=request_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say whether it is approved or refused.")
        return redirect("billing:raise_request_list")
    decide = approve if form.cleaned_data["verdict"] == "approve" else refuse
    try:
        decide(actor=actor_of(request), asked=asked, note=form.cleaned_data["note"])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("billing:raise_request_list")
    messages.success(request, _SAID[form.cleaned_data["verdict"]])
    return redirect("billing:budget_detail", asked.budget_id)


@require_POST
@needs("read")
def raise_request_withdraw(request: HttpRequest, request_id: int) -> HttpResponse:
    """Take one's own question back."""
    asked = get_object_or_404(seen_by(actor_of(request)), pk=request_id)
    try:
        withdraw(actor=actor_of(request), asked=asked)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Taken back.")
    return redirect("billing:raise_request_list")


@require_GET
@needs("read")
def budget_history(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Who changed a budget, asked for more and decided, newest first: a panel of its page."""
    budget = get_object_or_404(Budget.objects.seen_by(actor_of(request)), pk=budget_id)
    context = {"events": history_of(budget), "budget": budget}
    return render_page(
        request, page="billing/budget_history.html", partial="billing/_budget_history.html", context=context
    )
