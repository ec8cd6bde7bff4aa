"""Budgets and the rules of calls under a cap, in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from billing import amount, thresholds
from billing.budget import change_budget, create_budget, remove_budget
from billing.budget_names import NotThere, find
from billing.budget_state import BudgetRow, binding, of_key, of_person, of_team, states
from billing.call_rules import own_rules, rule_book, set_rules
from billing.call_rules_models import CallRules
from billing.entries import Unit
from billing.forecast_shapes import ForecastOut, forecast_out
from billing.forecasts import forecast_of
from billing.models import ApiKey, Budget
from billing.periods import Per
from billing.rules import MAX_OUTPUT_TOKENS, Rules
from billing.shapes import usd
from llmhub.lib import clock
from llmhub.lib.pages import keyset
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Input, Limit, Output, Page
from llmhub.people.api_access import caller
from llmhub.people.models import Team, User

router = Router()

ScopeName = Literal["organisation", "team", "key", "person", "provider", "model", "tag"]
Cap = Annotated[
    str, Field(max_length=60, description='USD as "250.00", else a whole number; null is no limit')
]
AlertAt = Annotated[
    list[Annotated[int, Field(ge=1, le=thresholds.HIGHEST)]],
    Field(max_length=thresholds.MOST, description="percents of the cap at which an alert fires; [] for none"),
]

Contact = Annotated[str, Field(max_length=200, description="whom a refused caller may ask for more")]


class BudgetIn(Input):
    """A budget to make."""

    scope: ScopeName
    name: Annotated[
        str, Field(max_length=200, description="team: slug, person: e-mail, tag: name=value, …")
    ] = ""
    per: Per
    cap: Cap | None  # no default: no limit is said, not forgotten
    unit: Unit = "usd"
    hard: bool = True
    time_zone: Annotated[str, Field(max_length=64, description="the organisation's by default")] = ""
    contact: Contact = ""
    alert_at: AlertAt = list(thresholds.DEFAULT)


class BudgetChange(Input):
    """What can be changed of a budget; what is not given stays."""

    cap: Cap | None = None
    hard: bool = True
    contact: Contact = ""
    alert_at: AlertAt = list(thresholds.DEFAULT)


class BudgetOut(Output):
    """A budget in its period of the moment; amounts are in its unit, USD as decimals."""

    id: int
    scope: str
    name: str
    per: str
    time_zone: str
    unit: str
    cap: str | None
    raised_cap: str | None  # what holds instead of `cap` until `raised_until`
    raised_until: datetime | None
    hard: bool
    contact: str
    alert_at: list[int]
    spent: str
    reserved: str
    left: str | None
    refused: int  # calls in this period
    last_refused_at: datetime | None
    resets_at: datetime | None
    created_at: datetime
    removed_at: datetime | None


class AppliedBudgetOut(BudgetOut):
    """A budget that every call of a team, a key or a person falls under."""

    binds: bool  # the hard one of which the smallest share is left


class CallRulesChange(Input):
    """Rules to change; what is not given stays, null means as above."""

    default_output_tokens: Annotated[int, Field(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None
    unpriced: Literal["block", "allow"] | None = None
    allowance: Annotated[str, Field(max_length=60, description="USD")] | None = None
    when_left: Literal["cancel", "finish"] | None = None


class CallRulesOut(Output):
    """What is said here; null is as above, for a team the organisation's."""

    default_output_tokens: int | None
    unpriced: str | None
    allowance: str | None
    when_left: str | None
    in_force: RulesOut


class RulesOut(Output):
    """The rules that calls go by."""

    default_output_tokens: int
    unpriced: str
    allowance: str | None
    when_left: str  # what becomes of a call whose caller leaves


def budget_out(row: BudgetRow) -> BudgetOut:
    """Return a budget as programs read it."""
    budget, unit = row.budget, row.unit
    return BudgetOut(
        id=budget.pk,
        scope=budget.scope,
        name=row.name,
        per=budget.per,
        time_zone=budget.time_zone,
        unit=unit,
        cap=None if budget.cap is None else amount.show(budget.cap, unit),
        raised_cap=None if row.raised_until is None or row.cap is None else amount.show(row.cap, unit),
        raised_until=row.raised_until,
        hard=budget.hard,
        contact=budget.contact,
        alert_at=list(thresholds.percents(budget.alert_at)),
        spent=amount.show(row.spent, unit),
        reserved=amount.show(row.held, unit),
        left=None if row.left is None else amount.show(row.left, unit),
        refused=row.refused,
        last_refused_at=row.refused_at,
        resets_at=row.resets_at,
        created_at=budget.created_at,
        removed_at=budget.removed_at,
    )


def budget_shown(budget: Budget) -> BudgetOut:
    """Return a budget as it stands now."""
    return budget_out(states([budget], at=clock.now())[0])


@router.get("/budgets", response={200: Page[BudgetOut], **REFUSALS})
def list_budgets(
    request: HttpRequest,
    scope: ScopeName | None = None,
    name: str = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[BudgetOut]:
    """List the budgets in force, newest first; `scope` and `name` keep those of one thing."""
    actor = caller(request, "read")
    budgets = Budget.objects.in_force().seen_by(actor)
    if scope:
        budgets = budgets.filter(scope=scope)
    if scope and name:
        try:
            wanted = {"tag": name} if scope == "tag" else {"scope_id": find(scope, name, by=actor)}
        except NotThere as missing:
            raise BadQuery(str(missing)) from missing
        budgets = budgets.filter(**wanted)
    try:
        screen = keyset(budgets, by="-id", after=cursor, limit=limit)
    except (ValueError, OverflowError) as exc:
        raise BadQuery(f"cursor {cursor!r} is none of this list's: take next_cursor as it came") from exc
    rows = states(screen.rows, at=clock.now())
    return Page(data=[budget_out(row) for row in rows], next_cursor=screen.next_cursor)


@router.get("/teams/{slug}/budgets", response={200: Page[AppliedBudgetOut], **REFUSALS})
def budgets_of_team(request: HttpRequest, slug: str) -> Page[AppliedBudgetOut]:
    """List every budget that a team's calls fall under, and say which of them binds."""
    actor = caller(request, "read")
    team = get_object_or_404(Team.objects.seen_by(actor), slug=slug)
    return _applied(of_team(team.pk).seen_by(actor))


@router.get("/keys/{int:key_id}/budgets", response={200: Page[AppliedBudgetOut], **REFUSALS})
def budgets_of_key(request: HttpRequest, key_id: int) -> Page[AppliedBudgetOut]:
    """List every budget that a key's calls fall under, and say which of them binds."""
    actor = caller(request, "read")
    key = get_object_or_404(ApiKey.objects.seen_by(actor), pk=key_id)
    return _applied(of_key(key).seen_by(actor))


@router.get("/people/{int:person_id}/budgets", response={200: Page[AppliedBudgetOut], **REFUSALS})
def budgets_of_person(request: HttpRequest, person_id: int) -> Page[AppliedBudgetOut]:
    """List every budget that a person's calls fall under in whatever team, and say which of them binds."""
    caller(request, "configure")
    return _applied(of_person(get_object_or_404(User, pk=person_id).pk))


def _applied(budgets: QuerySet[Budget]) -> Page[AppliedBudgetOut]:
    """Return all of them: there are as many as kinds, units and periods."""
    rows = states(budgets.order_by("id"), at=clock.now())
    tightest = binding(rows)
    found = [AppliedBudgetOut(**budget_out(row).model_dump(), binds=row is tightest) for row in rows]
    return Page(data=found, next_cursor="")


@router.post("/budgets", response={201: BudgetOut, **REFUSALS})
def make_budget(request: HttpRequest, body: BudgetIn) -> Status[BudgetOut]:
    """Make a budget; it is in force within seconds."""
    actor = caller(request, "manage")
    return Status(201, budget_shown(create_budget(actor=actor, **body.model_dump())))


@router.get("/budgets/{int:budget_id}", response={200: BudgetOut, **REFUSALS})
def show_budget(request: HttpRequest, budget_id: int) -> BudgetOut:
    """Show a budget: what it has spent, reserved and left, and when it begins anew."""
    actor = caller(request, "read")
    return budget_shown(get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id))


@router.get("/budgets/{int:budget_id}/forecast", response={200: ForecastOut, **REFUSALS})
def show_forecast(request: HttpRequest, budget_id: int) -> ForecastOut:
    """Show what a budget will have spent when its period ends; 404 where too little is known to say."""
    budget = get_object_or_404(Budget.objects.seen_by(caller(request, "read")), pk=budget_id)
    if (row := forecast_of(budget)) is None:
        raise Http404("nothing is foretold of this budget: docs/alerts.md says of which, and from when on")
    return forecast_out(row, budget)


@router.patch("/budgets/{int:budget_id}", response={200: BudgetOut, **REFUSALS})
def alter_budget(request: HttpRequest, budget_id: int, body: BudgetChange) -> BudgetOut:
    """Change cap, hardness or thresholds; the next call goes by it."""
    actor = caller(request, "manage")
    budget = get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id)
    changed = body.model_dump(include=body.model_fields_set)
    return budget_shown(change_budget(actor=actor, budget=budget, **changed))


@router.delete("/budgets/{int:budget_id}", response={204: None, **REFUSALS})
def end_budget(request: HttpRequest, budget_id: int) -> Status[None]:
    """Remove a budget; what it counted stays on record."""
    actor = caller(request, "manage")
    remove_budget(actor=actor, budget=get_object_or_404(Budget.objects.seen_by(actor), pk=budget_id))
    return Status(204, None)


@router.get("/call-rules", response={200: CallRulesOut, **REFUSALS})
def show_call_rules(request: HttpRequest, team: str = "") -> CallRulesOut:
    """Show how calls under a hard cap are bounded: the organisation's rules, or a team's."""
    actor = caller(request, "read")
    of = get_object_or_404(Team.objects.seen_by(actor), slug=team) if team else None
    return rules_out(own_rules(of), of)


@router.patch("/call-rules", response={200: CallRulesOut, **REFUSALS})
def change_call_rules(request: HttpRequest, body: CallRulesChange, team: str = "") -> CallRulesOut:
    """Change the rules of the organisation, or of a team."""
    actor = caller(request, "configure")
    of = get_object_or_404(Team, slug=team) if team else None
    changed = body.model_dump(include=body.model_fields_set)
    for word in changed.keys() & {"unpriced", "when_left"}:
        changed[word] = changed[word] or ""
    return rules_out(set_rules(actor=actor, team=of, **changed), of)


def rules_out(own: CallRules, team: Team | None) -> CallRulesOut:
    """Return the rules of a team, or of the organisation, as programs read them."""
    book = rule_book()
    return CallRulesOut(
        default_output_tokens=own.default_output_tokens,
        unpriced=own.unpriced or None,
        allowance=usd(own.allowance_nano),
        when_left=own.when_left or None,
        in_force=_in_force(book.of(team.pk) if team else book.organisation),
    )


def _in_force(rules: Rules) -> RulesOut:
    return RulesOut(
        default_output_tokens=rules.default_output_tokens,
        unpriced="allow" if rules.allows_unpriced else "block",
        allowance=usd(rules.allowance_nano),
        when_left="finish" if rules.finishes else "cancel",
    )
