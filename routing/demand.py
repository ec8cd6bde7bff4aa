"""Pure: what an attempt at an offer is held against, and how much it may take there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from billing import charge, scopes
from billing.entries import AttemptEntry, Hold, Only, Unit, whole_hold
from billing.rules import Rules
from billing.scopes import Budgets, BudgetValue
from catalog.pricing import PriceValue, in_force
from providers.rates import Rates
from routing.bound import Size, worst_case_nano
from routing.snapshot import Caller, OfferValue

Unfit = Literal["unpriced", "unbounded"]
Supplier = tuple[int, int]  # ids of a provider and a model


class Demand(msgspec.Struct, frozen=True):
    """The most that one attempt may take."""

    nano: int
    tokens: int

    def of(self, unit: Unit) -> int:
        """Return it in the unit of a budget."""
        return {"usd": self.nano, "tokens": self.tokens, "requests": 1}[unit]

    def __add__(self, other: Demand) -> Demand:
        return Demand(self.nano + other.nano, self.tokens + other.tokens)


NOTHING_AHEAD = Demand(0, 0)


class Payment(msgspec.Struct, frozen=True):
    """Who pays for a call, and by which rules; made once for each call."""

    budgets: Budgets
    payers: tuple[BudgetValue, ...]  # whoever answers
    rules: Rules
    at: datetime  # decides which prices and periods are in force
    max_cost_nano: int | None = None  # that the caller lets the call cost; None: no limit of its own
    _found: dict[Supplier, tuple[BudgetValue, ...]] = {}
    _bounding: dict[Supplier, set[Unit]] = {}

    def at_supplier(self, supplier: Supplier) -> tuple[BudgetValue, ...]:
        """Return what pays because of where an attempt goes."""
        found = self._found.get(supplier)
        if found is None:
            provider_id, entry_id = supplier
            subjects = scopes.suppliers(provider_id=provider_id, entry_id=entry_id)
            found = self._found[supplier] = scopes.of(self.budgets, subjects)
        return found

    def bounding(self, offer: OfferValue) -> set[Unit]:
        """Return the units in which something may refuse an attempt at this offer."""
        supplier = supplier_of(offer)
        units = self._bounding.get(supplier)
        if units is None:
            budgets = (*self.payers, *self.at_supplier(supplier))
            units = {budget.unit for budget in budgets if budget.hard}
            if self.max_cost_nano is not None:
                units.add("usd")
            self._bounding[supplier] = units
        return units

    def ceiling(self, size: Size, offer: OfferValue) -> Rates | None:
        """Return the price that the bound of a call counts on; None where no hard cap in USD does."""
        if is_unbounded(size) or "usd" not in self.bounding(offer):
            return None
        tiers = in_force(offer.prices, at=self.at)
        base = next((price for price in tiers if not price.above_input_tokens), None)
        if base is None:
            return None
        return Rates(base.input, base.output, per_request=base.per_request or None)

    def demand(self, size: Size, offer: OfferValue) -> Demand | Unfit:
        """Return what an attempt at `offer` is held for, or why a hard cap does not let it through."""
        limited = self.bounding(offer)
        bound = worst_case_nano(size, offer.prices, at=self.at)
        allowance = self.rules.allowance_nano
        if "usd" in limited and bound is None and not self._allows_unpriced:
            return "unpriced"
        if is_unbounded(size) and limited & {"usd", "tokens"} and allowance is None:
            return "unbounded"
        if bound is None or is_unbounded(size):
            bound = max(bound or 0, allowance or 0)
        return Demand(bound, size.tokens)

    def holds(
        self, demand: Demand, supplier: Supplier, so_far: Sequence[AttemptEntry] = ()
    ) -> tuple[Hold, ...]:
        """Return what is held for an attempt at a supplier, what earlier attempts took included."""
        before = [(each.provider_id, each.entry_id or 0) for each in so_far if each.provider_id]
        tried = dict.fromkeys([supplier, *before])
        budgets = dict.fromkeys(
            [*self.payers, *(budget for each in tried for budget in self.at_supplier(each))]
        )
        whole = demand.nano + charge.charged(charge.ALL, so_far, unknown_nano=self.unknown_nano)
        return tuple(self._hold(budget, demand, supplier, so_far, whole) for budget in budgets)

    def _hold(
        self,
        budget: BudgetValue,
        demand: Demand,
        supplier: Supplier,
        so_far: Sequence[AttemptEntry],
        whole: int,
    ) -> Hold:
        start, unit, only = budget.period_start(self.at), budget.unit, budget.only
        amount = 0
        if so_far:
            before = Hold(budget.id, start, unit=unit, only=only)
            amount = charge.charged(before, so_far, unknown_nano=self.unknown_nano)
        if only is None or only in _names_of(supplier):
            amount = 1 if unit == "requests" else amount + demand.of(unit)
        is_plain = only is None and unit == "usd" and amount == whole
        return whole_hold(budget.id, start) if is_plain else Hold(budget.id, start, amount, unit, only)

    @property
    def _allows_unpriced(self) -> bool:
        return self.rules.allows_unpriced and self.max_cost_nano is None

    @property
    def unknown_nano(self) -> int:
        """What an attempt of unknown cost is charged: the allowance that was held for it."""
        return self.rules.allowance_nano or 0


def payment(
    budgets: Budgets,
    rules: Rules,
    caller: Caller,
    tags: dict[str, str],
    *,
    at: datetime,
    max_cost_nano: int | None = None,
) -> Payment:
    """Return who pays for a call."""
    payers = scopes.payers(
        team_id=caller.team_id, key_id=caller.key_id, person_id=caller.person_id, tags=tags
    )
    return Payment(budgets, scopes.of(budgets, payers), rules, at, max_cost_nano)


def _names_of(supplier: Supplier) -> tuple[Only, Only]:
    provider_id, entry_id = supplier
    return ("provider_id", provider_id), ("entry_id", entry_id)


def supplier_of(offer: OfferValue) -> Supplier:
    """Return where an attempt at an offer goes."""
    return offer.provider.id, offer.entry_id


def is_unbounded(size: Size) -> bool:
    """Return whether tokens do not bound what a call may cost."""
    return bool(size.unbounded) or (size.files and not size.context_tokens)


def price_at(prices: Sequence[PriceValue], at: datetime) -> PriceValue | None:
    """Return the dearest price in force, to compare models by."""
    return max(in_force(prices, at=at), key=lambda price: price.output, default=None)
