"""Pure: which budgets a call falls under, and in which of their periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import periods
from billing.entries import Only, Unit
from billing.periods import Per

ORGANISATION = "organisation"
TEAM = "team"
KEY = "key"
PERSON = "person"
PROVIDER = "provider"
MODEL = "model"
TAG = "tag"

Subject = tuple[str, int | str]  # a scope, and whose: ("team", 7), ("tag", "env=prod")


@dataclass(frozen=True, slots=True)
class BudgetValue:
    """A budget as the gateway's snapshot holds it; its cap is the ledger's to read."""

    id: int
    scope: str
    whose: int | str  # 0 for the organisation
    per: Per
    zone: ZoneInfo
    unit: Unit = "usd"
    hard: bool = True  # with a cap: it may refuse
    label: str = ""  # "team:support"
    contact: str = ""  # whom to ask for more

    @property
    def only(self) -> Only | None:
        """Which attempts of a call it pays for; None: all of them."""
        if self.scope == PROVIDER:
            return ("provider_id", int(self.whose))
        return ("entry_id", int(self.whose)) if self.scope == MODEL else None

    def period_start(self, at: datetime) -> int:
        """Return the name of the counter of a call at `at`."""
        return periods.start(self.per, self.zone, at)

    def resets_at(self, at: datetime) -> datetime | None:
        """Return when the period of `at` ends, in the budget's zone; None for a total."""
        end = periods.end(self.per, self.zone, at)
        return None if end is None else datetime.fromtimestamp(end, self.zone)


Budgets = Mapping[Subject, tuple[BudgetValue, ...]]


def by_subject(budgets: Iterable[BudgetValue]) -> Budgets:
    """Return budgets by who pays, so that a call finds its own without looking at all."""
    found: dict[Subject, tuple[BudgetValue, ...]] = {}
    for budget in budgets:
        subject = (budget.scope, budget.whose)
        found[subject] = (*found.get(subject, ()), budget)
    return found


def payers(
    *, team_id: int | None, key_id: int | None, person_id: int | None, tags: Mapping[str, str]
) -> list[Subject]:
    """Return everything that pays for a call, whoever answers it."""
    found: list[Subject] = [(ORGANISATION, 0)]
    if team_id is not None:
        found.append((TEAM, team_id))
    if key_id is not None:
        found.append((KEY, key_id))
    if person_id is not None:
        found.append((PERSON, person_id))
    return [*found, *((TAG, f"{name}={value}") for name, value in tags.items())]


def suppliers(*, provider_id: int, entry_id: int) -> list[Subject]:
    """Return what pays for an attempt because of where it goes."""
    return [(PROVIDER, provider_id), (MODEL, entry_id)]


def of(budgets: Budgets, subjects: Iterable[Subject]) -> tuple[BudgetValue, ...]:
    """Return the budgets of these subjects."""
    found: list[BudgetValue] = []
    for subject in subjects:
        found += budgets.get(subject, ())
    return tuple(found)
