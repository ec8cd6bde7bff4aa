"""What budgets have spent, hold and have left at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from billing.budget import unit_of, value_of
from billing.budget_names import Names
from billing.budget_refusal_models import BudgetRefusal
from billing.entries import Unit
from billing.models import ApiKey, Budget, Counter
from billing.querysets import BudgetQuerySet


@dataclass(frozen=True)
class BudgetRow:
    """A budget with its period of the moment; amounts are in its unit, USD as nano-USD."""

    budget: Budget
    name: str  # "" for the organisation
    label: str  # "team:support"
    spent: int
    held: int
    resets_at: datetime | None  # in the budget's zone; None: never
    cap: int | None = None  # the raised one while that is in force; None: unlimited
    raised_until: datetime | None = None  # in the budget's zone; None: not raised
    gone: float | None = None  # share of the period that is over; None: it has no end
    refused: int = 0  # calls in this period
    refused_at: datetime | None = None  # the last of them, in the budget's zone

    @property
    def unit(self) -> Unit:
        """What it counts."""
        return unit_of(self.budget)

    @property
    def left(self) -> int | None:
        """What may still be reserved; below 0 after an overshoot, None: unlimited."""
        return None if self.cap is None else self.cap - self.spent - self.held

    @property
    def used_share(self) -> float:
        """How much of the cap is spent or held, 1 for all of it; 0 without a limit."""
        if self.cap is None:
            return 0.0
        return max(self.spent + self.held, 0) / self.cap if self.cap else 1.0


def states(budgets: Iterable[Budget], *, at: datetime) -> list[BudgetRow]:
    """Return each budget as it stands at `at`, in a fixed number of queries."""
    budgets = list(budgets)
    names = Names.of(budgets)
    values = {budget.pk: value_of(budget, names) for budget in budgets}
    starts = {pk: value.period_start(at) for pk, value in values.items()}
    counters = {
        (row.budget_id, row.period_start): row
        for row in Counter.objects.filter(budget_id__in=starts, period_start__in=set(starts.values()))
    }
    refusals = _refusals(starts)
    found = []
    for budget in budgets:
        counter = counters.get((budget.pk, starts[budget.pk])) or Counter()
        refused = refusals.get(budget.pk)
        found.append(
            BudgetRow(
                budget=budget,
                name=names.name(budget),
                label=names.label(budget),
                spent=counter.spent,
                held=counter.held,
                resets_at=values[budget.pk].resets_at(at),
                cap=budget.cap_at(at),
                raised_until=raised_until(budget, at=at),
                gone=_gone(starts[budget.pk], values[budget.pk].resets_at(at), at),
                refused=refused.times if refused else 0,
                refused_at=_moment(refused.last_at, budget) if refused else None,
            )
        )
    return found


def _gone(start: int, end: datetime | None, at: datetime) -> float | None:
    return None if end is None else (at.timestamp() - start) / (end.timestamp() - start)


def _refusals(starts: Mapping[int, int]) -> dict[int, BudgetRefusal]:
    """Return what budgets refused in the periods that begin at `starts`, by budget."""
    rows = BudgetRefusal.objects.filter(budget_id__in=starts, period_start__in=set(starts.values()))
    return {row.budget_id: row for row in rows if starts[row.budget_id] == row.period_start}


def _moment(seconds: int, budget: Budget) -> datetime:
    return datetime.fromtimestamp(seconds, ZoneInfo(budget.time_zone))


def raised_until(budget: Budget, *, at: datetime) -> datetime | None:
    """Return when the raise in force at `at` ends, in the budget's zone; None without one."""
    if budget.raised_until is None or budget.raised_until <= at.timestamp():
        return None
    return _moment(budget.raised_until, budget)


def of_team(team_id: int) -> BudgetQuerySet:
    """Return the budgets that every call of a team falls under."""
    return Budget.objects.in_force().filter(Q(scope="organisation") | Q(scope="team", scope_id=team_id))


def of_key(key: ApiKey) -> BudgetQuerySet:
    """Return the budgets that every call of a key falls under, those of its person included."""
    own = Q(scope="key", scope_id=key.pk)
    if key.person_id is not None:
        own |= Q(scope="person", scope_id=key.person_id)
    everybody = Q(scope="organisation") | Q(scope="team", scope_id=key.team_id)
    return Budget.objects.in_force().filter(everybody | own)


def of_person(person_id: int) -> BudgetQuerySet:
    """Return the budgets that every call of a person falls under, whatever the team."""
    return Budget.objects.in_force().filter(Q(scope="organisation") | Q(scope="person", scope_id=person_id))


def binding(rows: Sequence[BudgetRow]) -> BudgetRow | None:
    """Return the hard limit of which the smallest share is left, or None where nothing can refuse."""
    limits = [row for row in rows if row.budget.hard and row.cap is not None]
    return max(limits, key=lambda row: row.used_share, default=None)
