"""What would become of a call that is not made: where it would go, and what each candidate would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from billing.entries import OverBudget, Reserve
from billing.standing import Verdict
from providers.translators import CannotTranslate
from routing.explain import Decision, block_of, pass_over
from routing.explain_shown import explained
from routing.explain_values import Explained, Place
from routing.gateway.account import Account
from routing.gateway.admission import is_for_want_of_money
from routing.gateway.errors import Refusal
from routing.gateway.fit import Fit, carried_to, fit, untold
from routing.gateway.over_budget import Unfit
from routing.plan import Candidate, Moment
from routing.resolve import Destination
from routing.snapshot import EntryValue, OfferValue

_NO_SECONDS = 0.0  # nothing is held


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a call would take at one candidate, or why it would not be tried."""

    candidate: Candidate
    found: Fit | Unfit
    wanted: Reserve | None = None  # what would be held

    @property
    def unfit(self) -> Unfit | None:
        """Why it would not be tried."""
        return self.found if isinstance(self.found, Unfit) else None


def foresee(account: Account, candidates: Sequence[Candidate]) -> list[Foreseen]:
    """Return what a call would take at each candidate, budgets not asked yet."""
    return [_foreseen(account, candidate) for candidate in candidates]


def with_budgets(foreseen: Sequence[Foreseen], verdicts: Sequence[Verdict]) -> list[Foreseen]:
    """Return it with the budgets that are in the way; `verdicts` are of those that would hold something."""
    said = iter(verdicts)
    return [_with(each, next(said)) if each.wanted is not None else each for each in foreseen]


def first_of(foreseen: Sequence[Foreseen]) -> int | None:
    """Return the place of the candidate that would be tried first; None where none would."""
    unfit: list[Unfit] = []
    for place, each in enumerate(foreseen):
        if each.candidate.is_for_want and not is_for_want_of_money(unfit):
            return None
        if each.unfit is None:
            return place
        unfit.append(each.unfit)
    return None


def told(
    decision: Decision,
    foreseen: Sequence[Foreseen],
    *,
    moment: Moment,
    requested: str,
    places: Mapping[int, Place],
    labels: Mapping[int, str],
    refusal: Refusal | None,
) -> Explained:
    """Return where a call would go and why; `moment` has figures also where they had no say."""
    for each in foreseen:
        if each.unfit is not None:
            budget_id = each.unfit.error.budget_id if each.unfit.error else 0
            pass_over(decision, each.candidate, each.unfit.reason, budget_id=budget_id)
    bounds = {each.candidate.offer.id: _bound(each) for each in foreseen}
    block = block_of(replace(decision, moment=moment), whole=True)
    found = explained(block, places, requested=requested, budgets=labels, bounds=bounds)
    said = {} if refusal is None else {"code": refusal.name, "message": refusal.message}
    return replace(found, goes_to=first_of(foreseen) if refusal is None else None, refusal=said)


def places_of(destination: Destination) -> dict[int, Place]:
    """Return the names of every offer that a destination has."""
    route = destination.route
    targets = (*destination.targets, *(route.over_budget if route else ()))
    return {offer.id: _place(target.entry, offer) for target in targets for offer in target.entry.offers}


def labels_of(account: Account, candidates: Sequence[Candidate]) -> dict[int, str]:
    """Return what each budget that a call falls under is of."""
    suppliers = [(each.offer.provider.id, each.offer.entry_id) for each in candidates]
    pays = account.payment
    budgets = (*pays.payers, *(budget for each in suppliers for budget in pays.at_supplier(each)))
    return {budget.id: budget.label for budget in budgets}


def _foreseen(account: Account, candidate: Candidate) -> Foreseen:
    try:
        carried = carried_to(account, candidate)
    except CannotTranslate as exc:
        return Foreseen(candidate, untold(candidate, exc))
    found = fit(account, candidate, carried)
    if isinstance(found, Unfit):
        return Foreseen(candidate, found)
    return Foreseen(candidate, found, account.reservation(candidate, found.demand, seconds=_NO_SECONDS))


def _with(each: Foreseen, verdict: Verdict) -> Foreseen:
    if not isinstance(verdict, OverBudget) or not isinstance(each.found, Fit):
        return each
    return replace(
        each, found=Unfit(each.candidate, "over_budget", each.found.demand, each.found.size, verdict)
    )


def _bound(each: Foreseen) -> int | None:
    demand = each.found.demand
    return None if demand is None else demand.nano


def _place(entry: EntryValue, offer: OfferValue) -> Place:
    return Place(entry.slug, offer.provider.slug)
