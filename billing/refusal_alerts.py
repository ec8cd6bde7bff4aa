"""What to tell of budgets that refuse calls: at the first one, long before the whole cap is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from billing import amount, budget_words, crossing
from billing.budget import unit_of, value_of
from billing.budget_alerts import Budgets
from billing.budget_refusal_models import BudgetRefusal
from billing.models import Budget, Counter
from llmhub.alerts import alert
from llmhub.alerts.finding import REFUSED, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock, figures

QUIET = timedelta(hours=24)  # without a refusal: whoever called has given up
_NEARLY_ALL = 0.8  # of the cap: from there on it matters most
_FURTHEST = timedelta(days=2)  # refusals that are looked at


@dataclass(frozen=True)
class _Refusing:
    """A budget, what it refused in this period, and what is spent of it."""

    budget: Budget
    row: BudgetRefusal
    spent: int
    cap: int

    @property
    def left(self) -> int:
        """What is not spent; what calls in flight hold comes back."""
        return max(self.cap - self.spent, 0)

    @property
    def last_at(self) -> datetime:
        """When the last call was refused."""
        return datetime.fromtimestamp(self.row.last_at, UTC)


def look(now: datetime | None = None) -> None:
    """Fire where calls are refused for want of money, resolve where none is any more. Safe to run twice."""
    now = now or clock.now()
    firing = {int(row.subject.partition(":")[2]): row for row in Alert.objects.open().filter(rule=REFUSED)}
    since = int((now - _FURTHEST).timestamp())
    recent = BudgetRefusal.objects.filter(last_at__gte=since).values_list("budget_id", flat=True)
    budgets = Budgets.of({*firing, *recent})
    found = _refusing(budgets.rows, now)
    for pk, row in firing.items():
        if over := _why_over(budgets.rows.get(pk), found.get(pk), row, now):
            alert.resolve(row, text=over, now=now)
    for each in found.values():
        if each.left < each.row.amount and each.last_at > now - QUIET:
            _tell(each, budgets, now)


def _refusing(budgets: Mapping[int, Budget], now: datetime) -> dict[int, _Refusing]:
    """Return those budgets that may refuse and did so in this period, in two queries."""
    starts = {pk: crossing.period_of(budget, now) for pk, budget in budgets.items()}
    here = {"budget_id__in": starts, "period_start__in": set(starts.values())}
    rows = {row.budget_id: row for row in BudgetRefusal.objects.filter(**here) if _is_of(row, starts)}
    spent = {row.budget_id: row.spent for row in Counter.objects.filter(**here) if _is_of(row, starts)}
    found = {}
    for pk, row in rows.items():
        budget, cap = budgets[pk], budgets[pk].cap_at(now)
        if cap is not None and budget.hard and budget.removed_at is None:
            found[pk] = _Refusing(budget, row, spent.get(pk, 0), cap)
    return found


def _is_of(row: BudgetRefusal | Counter, starts: Mapping[int, int]) -> bool:
    return row.period_start == starts[row.budget_id]


def _tell(each: _Refusing, budgets: Budgets, now: datetime) -> None:
    finding = _finding(each, budgets, now)
    told = Alert.objects.of(finding).first()
    if told is None or told.resolved_at is None or each.last_at > told.resolved_at:
        alert.observe(finding, now=now)


def _finding(each: _Refusing, budgets: Budgets, now: datetime) -> Finding:
    budget, unit, row = each.budget, unit_of(each.budget), each.row
    whose, its = budget_words.owner(budget.scope, budgets.names.name(budget)), budget_words.its(budget.per)
    amounts = {"spent": each.spent, "left": each.left, "cap": each.cap, "estimate": row.amount}
    return Finding(
        REFUSED,
        f"budget:{budget.pk}",
        f"{whose} has calls refused by its {its}",
        _text(each, value_of(budget, budgets.names).resets_at(now)),
        period=row.period_start,
        severity="critical" if each.spent >= each.cap * _NEARLY_ALL else "warning",
        team_id=budgets.team_of(budget),
        path=f"/budgets/{budget.pk}/",
        facts={
            **budgets.facts(budget, now),
            **{name: amount.show(value, unit) for name, value in amounts.items()},
            "refused": row.times,
            "since": datetime.fromtimestamp(row.first_at, UTC).isoformat(),
        },
    )


def _text(each: _Refusing, resets_at: datetime | None) -> str:
    budget, unit, row = each.budget, unit_of(each.budget), each.row
    since = datetime.fromtimestamp(row.first_at, ZoneInfo(budget.time_zone))
    calls = f"{figures.count(row.times)} call{'s' if row.times != 1 else ''}"
    left, cap, could = (budget_words.exact(number, unit) for number in (each.left, each.cap, row.amount))
    return (
        f"{calls} since {since:%-d %b %H:%M} ({budget.time_zone}): {left} of {cap} are left, the last one "
        f"could take {could}. Raise it for a while, or tell its callers."
        f"{budget_words.ends(resets_at, budget.time_zone)}"
    )


def _why_over(budget: Budget | None, each: _Refusing | None, row: Alert, now: datetime) -> str:
    """Return why an alert is over, "" where it is not."""
    if budget is None or budget.removed_at is not None:
        return "The budget was removed."
    if crossing.period_of(budget, now) != row.period:
        return "Its period has ended: a new one begins at zero."
    if each is None:
        return "It only counts now: no call is refused."
    if each.left >= each.row.amount:
        left, cap = (budget_words.exact(number, unit_of(budget)) for number in (each.left, each.cap))
        return f"There is room again: {left} of {cap} are left."
    if each.last_at <= now - QUIET:
        return f"It has refused nothing for {budget_words.hours(QUIET.total_seconds() / 3600)}."
    return ""
