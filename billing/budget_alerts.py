"""What to tell of budgets: each threshold that was crossed, until the cap is raised or the period ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import amount, budget_words, crossing
from billing.budget import unit_of, value_of
from billing.budget_names import Names
from billing.crossing_models import Crossing
from billing.models import ApiKey, Budget, Counter
from llmhub.alerts import alert
from llmhub.alerts.finding import BUDGET, Finding, Severity
from llmhub.alerts.models import Alert
from llmhub.lib import clock

_WARNS = 80  # percent
_AT_ONCE = 200  # crossings of one look


def look(now: datetime | None = None) -> None:
    """Fire what was crossed and resolve what no longer is. Safe to run twice, at the same time too."""
    now = now or clock.now()
    _count_ended_raises(now)
    _fire(now)
    _resolve(now)


def _count_ended_raises(now: datetime) -> None:
    """Note what is crossed by the old cap, where a raise has ended by the clock: no call crosses it then."""
    ended = Budget.objects.in_force().filter(raised_until__lte=int(now.timestamp()))
    rows = {(row.pk, crossing.period_of(row, now)): row for row in ended}
    ids, starts = {pk for pk, _ in rows}, {start for _, start in rows}
    counters = Counter.objects.filter(budget_id__in=ids, period_start__in=starts)
    spent = {(each.budget_id, each.period_start): each.spent for each in counters}
    noted: dict[tuple[int, int], set[int]] = {}
    for each in Crossing.objects.filter(budget_id__in=ids, period_start__in=starts):
        noted.setdefault((each.budget_id, each.period_start), set()).add(each.threshold)
    for key, budget in rows.items():
        if set(crossing.reached_by(budget, spent.get(key, 0), now)) != noted.get(key, set()):
            crossing.recount(budget, now=now)


@dataclass(frozen=True)
class Budgets:
    """Some budgets, with their names, and whose their alerts are."""

    rows: dict[int, Budget]
    names: Names
    teams: dict[int, int]  # of keys

    @classmethod
    def of(cls, ids: Iterable[int]) -> Budgets:
        """Look budgets up, removed ones too."""
        rows = Budget.objects.in_bulk(set(ids))
        keys = [row.scope_id for row in rows.values() if row.scope == Budget.Scope.KEY]
        teams = dict(ApiKey.objects.filter(pk__in=keys).values_list("pk", "team_id"))
        return cls(rows, Names.of(rows.values()), teams)

    def team_of(self, budget: Budget) -> int | None:
        """Return the team whose calls count, where they are of one."""
        if budget.scope == Budget.Scope.TEAM:
            return budget.scope_id
        return self.teams.get(budget.scope_id) if budget.scope == Budget.Scope.KEY else None

    def facts(self, budget: Budget, now: datetime) -> dict[str, Any]:
        """Return what programs read of a budget in an alert."""
        resets_at = value_of(budget, self.names).resets_at(now)
        return {
            "budget": budget.pk,
            "scope": budget.scope,
            "name": self.names.name(budget),
            "per": budget.per,
            "unit": budget.unit,
            "resets_at": resets_at.isoformat() if resets_at else None,
        }


def _fire(now: datetime) -> None:
    """Make an alert of each crossing that nobody was told of, and say so, in one transaction."""
    found = list(Crossing.objects.filter(told_at=None).order_by("id")[:_AT_ONCE])
    budgets = Budgets.of(row.budget_id for row in found)
    for row in found:
        with transaction.atomic():
            if not Crossing.objects.filter(pk=row.pk, told_at=None).update(told_at=now):
                continue  # another worker was first, or it was taken back
            if (budget := budgets.rows.get(row.budget_id)) is not None:
                finding = _finding(row, budget, budgets, now)
                _end_former(finding, now)
                alert.observe(finding, now=now)


def _end_former(finding: Finding, now: datetime) -> None:
    """Resolve the alert of a crossing that a raised cap took back, where the new one was crossed, too."""
    former = Alert.objects.of(finding).firing().first()
    if former is not None and former.facts.get("crossing") != finding.facts["crossing"]:
        alert.resolve(former, text="The cap was raised.", now=now)


def _finding(row: Crossing, budget: Budget, budgets: Budgets, now: datetime) -> Finding:
    unit, name = unit_of(budget), budgets.names.name(budget)
    at = datetime.fromtimestamp(row.crossed_at, tz=timezone.get_default_timezone())
    of = value_of(budget, budgets.names)
    over = (
        "Calls that could go over it are refused." if budget.hard else "It only counts: no call is refused."
    )
    return Finding(
        BUDGET,
        f"budget:{budget.pk}",
        f"{budget_words.owner(budget.scope, name)} has spent {row.threshold} % "
        f"of its {budget_words.its(budget.per)}",
        f"{budget_words.exact(row.spent, unit)} of {budget_words.exact(row.cap, unit)} are spent, "
        f"{budget_words.exact(max(row.cap - row.spent, 0), unit)} are left. {over}"
        f"{budget_words.ends(of.resets_at(at), budget.time_zone)}",
        period=row.period_start,
        threshold=row.threshold,
        severity=_severity(row.threshold),
        team_id=budgets.team_of(budget),
        path=f"/budgets/{budget.pk}/",
        facts={
            **budgets.facts(budget, at),
            "threshold": row.threshold,
            "spent": amount.show(row.spent, unit),
            "cap": amount.show(row.cap, unit),
            "crossed_at": at.isoformat(),
            "crossing": row.pk,
        },
    )


def _severity(percent: int) -> Severity:
    """Return how much it matters: half of a budget is spent in every month that goes well."""
    return "critical" if percent >= 100 else "warning" if percent >= _WARNS else "notice"


def _resolve(now: datetime) -> None:
    firing = list(Alert.objects.open().filter(rule=BUDGET))
    budgets = Budgets.of(_budget_of(row) for row in firing)
    counters = {
        (row.budget_id, row.period_start): row.spent
        for row in Counter.objects.filter(
            budget_id__in=budgets.rows, period_start__in={row.period for row in firing}
        )
    }
    there = set(
        Crossing.objects.filter(budget_id__in=budgets.rows).values_list(
            "budget_id", "period_start", "threshold"
        )
    )
    for row in firing:
        budget = budgets.rows.get(_budget_of(row))
        spent = counters.get((_budget_of(row), row.period), 0)
        if budget is None or budget.removed_at is not None:
            alert.resolve(row, text="The budget was removed.", now=now)
        elif crossing.period_of(budget, now) != row.period:
            alert.resolve(row, text="Its period has ended: a new one begins at zero.", now=now)
        elif (budget.pk, row.period, row.threshold) not in there:
            _say_uncrossed(row, budget, spent, now)
        elif row.threshold not in crossing.reached_by(budget, spent, now):
            crossing.recount(budget, now=now)  # an estimate was corrected: the next look resolves


def _say_uncrossed(row: Alert, budget: Budget, spent: int, now: datetime) -> None:
    unit = unit_of(budget)
    cap_now = budget.cap_at(now)
    cap = "there is no cap" if cap_now is None else f"the cap is {budget_words.exact(cap_now, unit)}"
    shown = None if cap_now is None else amount.show(cap_now, unit)
    facts = {**row.facts, "cap": shown, "spent": amount.show(spent, unit)}
    text = f"{row.threshold} % are no longer crossed: {budget_words.exact(spent, unit)} are spent, {cap} now."
    alert.resolve(row, text=text, now=now, facts=facts)


def _budget_of(row: Alert) -> int:
    return int(row.subject.partition(":")[2])
