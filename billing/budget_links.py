"""Where the numbers of a budget lead: to the spend that they are made of, and to the calls it refused."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse

from billing import crossing
from billing.budget_state import BudgetRow
from billing.models import Budget
from billing.spend_dimensions import dimensions

_MEASURES = {"usd": "spend", "tokens": "tokens", "requests": "requests"}
_PER = {"hour": "hour", "day": "hour", "week": "day", "month": "day", "year": "month", "total": "month"}
_NEXT = {"organisation": "team", "team": "key", "key": "model", "person": "model", "provider": "team"}
_SCOPE = Budget.Scope


def spend_url(row: BudgetRow, now: datetime) -> str:
    """Return the page of spend of what a budget counts, from where its period began."""
    budget = row.budget
    zone = ZoneInfo(budget.time_zone)
    since = crossing.period_of(budget, now) or int(budget.created_at.timestamp())
    pairs = {
        "by": _NEXT.get(budget.scope, "team"),
        "measure": _MEASURES[row.unit],
        "per": _PER[budget.per],
        "since": datetime.fromtimestamp(since, zone).date().isoformat(),
    }
    if budget.scope == _SCOPE.TAG and f"tag:{budget.tag.partition('=')[0]}" not in dimensions():
        return f"{reverse('billing:request_list')}?{urlencode({'tag': budget.tag})}"  # not summed up apart
    return f"{reverse('billing:spend')}?{urlencode(pairs | _spend_of(row))}"


def refused_url(row: BudgetRow) -> str:
    """Return the list of the calls that were refused for want of money to what a budget is of."""
    pairs = {"status": "refused", "code": "budget_exceeded"}
    return f"{reverse('billing:request_list')}?{urlencode(pairs | _requests_of(row))}"


def _spend_of(row: BudgetRow) -> dict[str, str]:
    budget = row.budget
    if budget.scope == _SCOPE.KEY:
        return {"key": str(budget.scope_id)}
    if budget.scope == _SCOPE.TAG:
        name, _, value = budget.tag.partition("=")
        return {f"tag:{name}": value}
    return {budget.scope: row.name} if budget.scope != _SCOPE.ORGANISATION else {}


def _requests_of(row: BudgetRow) -> dict[str, str]:
    """Return the filter of requests; a refused call went to no provider and has no model."""
    budget = row.budget
    if budget.scope == _SCOPE.KEY:
        return {"key": str(budget.scope_id)}
    if budget.scope == _SCOPE.TAG:
        return {"tag": budget.tag}
    return {budget.scope: row.name} if budget.scope in (_SCOPE.TEAM, _SCOPE.PERSON) else {}
