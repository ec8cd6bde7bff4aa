"""Pages of budgets: what is left of each, make one, change and remove it; and the rules of calls."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import thresholds
from billing.budget import change_budget, create_budget, may_change, remove_budget
from billing.budget_figures import figures_of
from billing.budget_forms import BudgetChangeForm, BudgetForm, CallRulesForm, now_of, rules_now
from billing.budget_line import BudgetLine
from billing.budget_state import binding, of_key, of_person, of_team, states
from billing.budget_suggestions import suggestions
from billing.call_rules import own_rules, set_rules
from billing.forecasts import forecast_of
from billing.models import ApiKey, Budget
from billing.querysets import BudgetQuerySet
from billing.raise_models import RaiseRequest
from billing.raise_request import seen_by as questions_seen_by
from billing.raise_views import asked_rows
from llmhub.lib import clock, forms
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team, User
from llmhub.people.roles import allowed


def _lines(budgets: Iterable[Budget], *, mark: bool = False) -> list[BudgetLine]:
    rows = states(budgets, at=clock.now())
    tightest = binding(rows) if mark else None
    return [BudgetLine(row, is_binding=row is tightest) for row in rows]


@require_GET
@needs("read")
def budget_list(request: HttpRequest) -> HttpResponse:
    """Every budget in force with what is left of it; choosing a scope swaps only the table."""
    scope = request.GET.get("scope", "")
    budgets = Budget.objects.in_force().seen_by(actor_of(request))
    screen = screen_of(request, budgets.filter(scope=scope) if scope else budgets, by="-id")
    lines = _lines(screen.rows)
    if not screen.next_cursor and not request.GET.get("cursor"):  # all of them: what needs somebody first
        lines.sort(key=lambda line: -line.row.used_share)
    context = {
        "lines": lines,
        "next_cursor": screen.next_cursor,
        "scope": scope,
        "scopes": Budget.Scope,
        "asked": questions_seen_by(actor_of(request)).filter(state="open").count(),
        "rules": CallRulesForm(initial=rules_now(own_rules(None))),
    }
    return render_page(
        request, page="billing/budget_list.html", partial="billing/_budget_table.html", context=context
    )


@require_http_methods(["GET", "POST"])
@needs("manage")
def budget_new(request: HttpRequest) -> HttpResponse:
    """The form of a new budget."""
    initial = {name: request.GET[name] for name in ("scope", "name") if name in request.GET}
    form = BudgetForm(request.POST or None, initial=initial, actor=actor_of(request))
    if form.is_valid():
        try:
            budget = create_budget(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "The budget is there. It holds for calls within seconds.")
            return redirect("billing:budget_detail", budget.pk)
    context = {"form": form, "names": suggestions(actor_of(request))}
    return render(request, "billing/budget_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@needs("read")
def budget_detail(request: HttpRequest, budget_id: int) -> HttpResponse:
    """One budget: what it has spent, holds and has left; its cap can be changed."""
    actor = actor_of(request)
    budget = get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id)
    form = BudgetChangeForm(request.POST or None, initial=now_of(budget))
    if form.is_valid():
        try:
            change_budget(actor=actor, budget=budget, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Saved. The next call goes by it.")
            return redirect("billing:budget_detail", budget_id)
    waiting = RaiseRequest.objects.filter(budget=budget, state="open").select_related("budget")
    line = _lines([budget])[0]
    context = {
        "line": line,
        "form": form,
        "asked": asked_rows(request, list(waiting)),
        "may_change": may_change(actor, budget),
    }
    context |= {"forecast": forecast_of(budget), "alert_at": thresholds.shown(budget.alert_at)}
    context |= figures_of(line.row)
    return render(request, "billing/budget_detail.html", context, status=422 if form.is_bound else 200)


@require_POST
@needs("manage")
def budget_remove(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Let a budget limit nothing any more."""
    actor = actor_of(request)
    remove_budget(actor=actor, budget=get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id))
    messages.success(request, "Removed. It limits nothing any more; what it counted stays on record.")
    return redirect("billing:budget_list")


@require_POST
@needs("configure")
def call_rules(request: HttpRequest) -> HttpResponse:
    """Save the organisation's rules of calls under a hard cap."""
    form = CallRulesForm(request.POST)
    if form.is_valid():
        try:
            set_rules(actor=actor_of(request), team=None, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Saved. The next call goes by it.")
            return redirect("billing:budget_list")
    return render(request, "billing/call_rules.html", {"rules": form}, status=422)


@require_GET
@needs("read")
def team_budgets(request: HttpRequest, slug: str) -> HttpResponse:
    """Every budget that a team's calls fall under, and which of them binds."""
    team = get_object_or_404(Team.objects.seen_by(actor_of(request)), slug=slug)
    new = f"scope=team&name={team.slug}"
    return _panel(request, of_team(team.pk), f"Budgets of {team.name}", new, team=team.pk)


@require_GET
@needs("read")
def key_budgets(request: HttpRequest, key_id: int) -> HttpResponse:
    """Every budget that a key's calls fall under, and which of them binds."""
    key = get_object_or_404(ApiKey.objects.seen_by(actor_of(request)), pk=key_id)
    new = f"scope=key&name={key.pk}"
    return _panel(request, of_key(key), f"Budgets of {key.name}", new, team=key.team_id)


@require_GET
@needs("own")
def person_budgets(request: HttpRequest, person_id: int) -> HttpResponse:
    """Every budget that a person's calls fall under, in whatever team, and which of them binds."""
    person = get_object_or_404(User, pk=person_id)
    new = urlencode({"scope": "person", "name": person.email})
    return _panel(request, of_person(person.pk), f"Budgets of {person}", new)


def _panel(
    request: HttpRequest, budgets: BudgetQuerySet, title: str, new: str, *, team: int | None = None
) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "lines": _lines(budgets.seen_by(actor).order_by("id"), mark=True),
        "title": title,
        "new": new,
        "may_add": allowed(actor, "configure") if team is None else allowed(actor, "manage", team=team),
    }
    return render_page(
        request, page="billing/budgets_of.html", partial="billing/_budgets_of.html", context=context
    )
