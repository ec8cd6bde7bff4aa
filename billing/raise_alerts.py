"""What to tell of questions for more: each that waits for an answer, until it has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import amount, budget_words
from billing.budget import unit_of
from billing.budget_alerts import Budgets
from billing.budget_state import BudgetRow, states
from billing.raise_models import RaiseRequest
from llmhub.alerts import alert
from llmhub.alerts.finding import ASKED, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock

_OPEN = RaiseRequest.State.OPEN
_MOST = 200  # questions of one look


def look(now: datetime | None = None) -> None:
    """Tell of questions that are open, and resolve those that were decided. Safe to run twice."""
    now = now or clock.now()
    rows = RaiseRequest.objects.filter(state=_OPEN, until__gt=int(now.timestamp()))
    asked = list(rows.select_related("budget").order_by("id")[:_MOST])
    findings = {finding.subject: finding for finding in _findings(asked, now)}
    firing = [row for row in Alert.objects.open().filter(rule=ASKED) if row.subject not in findings]
    decided = RaiseRequest.objects.in_bulk([int(row.subject.partition(":")[2]) for row in firing])
    for row in firing:
        alert.resolve(row, text=_outcome(decided.get(int(row.subject.partition(":")[2]))), now=now)
    for finding in findings.values():
        alert.observe(finding, now=now)


def _findings(asked: Iterable[RaiseRequest], now: datetime) -> Iterator[Finding]:
    asked = [row for row in asked if row.budget.removed_at is None]
    budgets = Budgets.of(row.budget_id for row in asked)
    standing = {row.budget.pk: row for row in states(budgets.rows.values(), at=now)}
    for row in asked:
        yield _finding(row, standing[row.budget_id], budgets, now)


def _finding(asked: RaiseRequest, row: BudgetRow, budgets: Budgets, now: datetime) -> Finding:
    budget, unit = row.budget, unit_of(row.budget)
    until = datetime.fromtimestamp(asked.until, ZoneInfo(budget.time_zone))
    whose = budget_words.owner(budget.scope, row.name)
    cap = "no limit" if row.cap is None else budget_words.exact(row.cap, unit)
    return Finding(
        ASKED,
        f"raise-request:{asked.pk}",
        f"{asked.asked_by} asks for more: {whose}, {budget_words.its(budget.per)}"[:250],
        f"“{asked.reason}” {budget_words.exact(asked.cap, unit)} instead of {cap}, until "
        f"{until:%-d %B %Y at %H:%M} ({budget.time_zone}). {budget_words.exact(row.spent, unit)} are spent. "
        "Approve or refuse it on the page of the budget.",
        team_id=budgets.team_of(budget),
        path=f"/budgets/{budget.pk}/",
        facts={
            **budgets.facts(budget, now),
            "request": asked.pk,
            "asked_by": asked.asked_by,
            "asker": asked.asker,
            "reason": asked.reason,
            "asked_cap": amount.show(asked.cap, unit),
            "until": until.isoformat(),
            "cap": None if row.cap is None else amount.show(row.cap, unit),
            "spent": amount.show(row.spent, unit),
        },
    )


def _outcome(asked: RaiseRequest | None) -> str:
    if asked is None or asked.state == _OPEN:
        return "Nobody decided before the end that was asked for, or the budget was removed."
    note = f": {asked.note}" if asked.note else "."
    return f"{asked.get_state_display()} by {asked.decided_by}{note}"
