"""What the demo's calls are charged to its budgets, and caps that make them worth a look."""

from __future__ import annotations

import math
from collections.abc import Iterator

from django.db.models import Max

from billing import amount, ledger_rows, scopes
from billing import budget as rows
from billing.budget import change_budget, unit_of
from billing.budget_names import find
from billing.crossing import period_of
from billing.entries import Hold, Over, Refused, Settle
from billing.ledger_rows import Row
from billing.models import Budget, Counter
from billing.scopes import Budgets, BudgetValue
from llmhub.audit.actor import SYSTEM
from llmhub.demo import cast
from llmhub.lib import ids

_COULD_TAKE = 2_500_000_000  # nano-USD: what a call of the budget that is nearly spent asks for


def in_force() -> Budgets:
    """Return the budgets there are, by who pays."""
    return scopes.by_subject(rows.in_force())


def payers(call: Settle, budgets: Budgets) -> tuple[BudgetValue, ...]:
    """Return the budgets that a call falls under."""
    found = scopes.payers(team_id=call.team_id, key_id=call.key_id, person_id=call.person_id, tags=call.tags)
    for attempt in call.attempts:
        if attempt.provider_id and attempt.entry_id:
            found += scopes.suppliers(provider_id=attempt.provider_id, entry_id=attempt.entry_id)
    return scopes.of(budgets, dict.fromkeys(found))


def hold_of(payer: BudgetValue, period_start: int) -> Hold:
    """Return what says how a budget is charged for a call that is over: it holds nothing any more."""
    return Hold(payer.id, period_start, amount=0, unit=payer.unit, only=payer.only)


def holds_of(call: Settle, budgets: Budgets) -> tuple[Hold, ...]:
    """Return where a call is charged."""
    at = ids.moment_of(call.id)
    return tuple(hold_of(payer, payer.period_start(at)) for payer in payers(call, budgets))


def refused(entry: Refused, times: int) -> Row:
    """Return what counts calls that the budget of their tag refused: each could take more than is left."""
    name, value = next(iter(entry.tags.items()))
    budget = Budget.objects.in_force().get(scope=Budget.Scope.TAG, tag=f"{name}={value}")
    at = ids.moment_of(entry.id)
    return ledger_rows.over(Over(budget.pk, period_of(budget, at), _COULD_TAKE), times, int(at.timestamp()))


def fit_caps(*, again: bool = False) -> None:
    """Give the demo's budgets caps that fit what they have spent: those without one, or all again."""
    for found, full in _of_the_cast():
        most = Counter.objects.filter(budget_id=found.pk).aggregate(most=Max("spent"))["most"]
        if most and (again or found.cap is None):
            cap = amount.show(rounded_up(most / full), unit_of(found))
            change_budget(actor=SYSTEM, budget=found, cap=cap)


def _of_the_cast() -> Iterator[tuple[Budget, float]]:
    """Yield the demo's own budgets with how full they should be."""
    for row in cast.BUDGETS:
        found = Budget.objects.in_force().filter(
            scope=row.scope,
            scope_id=find(row.scope, row.name),
            tag=row.name if row.scope == Budget.Scope.TAG else "",
            per=row.per,
            unit=row.unit,
            hard=row.hard,
        )
        yield from ((budget, row.full) for budget in found)


def rounded_up(number: float) -> int:
    """Return a number with two digits that are not 0, as a person sets a cap."""
    step = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / step) * step
