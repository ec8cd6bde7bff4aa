"""What teams spent this month so far, and the budget of each that is nearest to its cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing.budget_line import BudgetLine
from billing.budget_state import states
from billing.models import Budget
from billing.spend_page import Page, Row
from billing.spend_query import MOST_VALUES, Query, question
from billing.spend_report import report
from llmhub.people.models import Team

MOST = MOST_VALUES  # teams


@dataclass(frozen=True)
class TeamFigures:
    """One team with its row of the page of spend, and its tightest budget; None: it has none."""

    team: Team
    row: Row | None
    budget: BudgetLine | None


def figures_of(teams: Sequence[Team], *, now: datetime, zone: ZoneInfo) -> list[TeamFigures]:
    """Return the figures of some teams in their order."""
    if not teams:
        return []
    first = now.astimezone(zone).date().replace(day=1).isoformat()
    query = Query(by="team", since=first)
    asked = question(query, teams=frozenset(team.pk for team in teams), now=now, zone=zone, top=MOST)
    rows = {row.series.value: row for row in Page(query, report(asked, now=now)).rows}
    tightest = _tightest([team.pk for team in teams], now)
    return [TeamFigures(team, rows.get(team.pk), tightest.get(team.pk)) for team in teams]


def _tightest(ids: Sequence[int], now: datetime) -> dict[int, BudgetLine]:
    """Return the budget of each team of which the largest share is used."""
    budgets = Budget.objects.in_force().filter(scope=Budget.Scope.TEAM, scope_id__in=ids).exclude(cap=None)
    rows = sorted(states(budgets.order_by("id"), at=now), key=lambda row: row.used_share)
    return {row.budget.scope_id: BudgetLine(row) for row in rows}
