"""What would become of a call that is not made: where it would go, and what each candidate would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.entries import OverBudget, Reserve
from billing.standing import Verdict
from llmhub.lib import ids
from providers.translators import CannotTranslate
from routing.explain import Decision, block_of, nowhere, pass_over
from routing.explain_shown import explained
from routing.explain_values import Explained, Place
from routing.gateway.account import Account
from routing.gateway.caller_request import CallerRequest
from routing.gateway.elsewhere import refused
from routing.gateway.errors import Refusal
from routing.gateway.fit import Fit, carried_to, fit, untold
from routing.gateway.opening import asking_of, open_account
from routing.gateway.over_budget import Unfit, is_for_want_of_money
from routing.plan import Candidate, Moment, Plan, plan
from routing.resolve import Destination
from routing.snapshot import Caller, EntryValue, OfferValue, Snapshot
from routing.who_could import with_who_could

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


@dataclass(frozen=True)
class Ahead:
    """A call that is asked about, and not made."""

    snapshot: Snapshot
    request: CallerRequest
    decision: Decision
    moment: Moment  # with what had no say as well
    account: Account | None = None  # None: no offer could take it
    foreseen: Sequence[Foreseen] = ()
    verdicts: Sequence[Verdict] = ()  # of budgets, on those that would hold something
    refusal: Refusal | None = None  # None: it would be sent

    @property
    def wanted(self) -> list[Reserve]:
        """What would be held, for each candidate that would hold something."""
        return [each.wanted for each in self.foreseen if each.wanted is not None]


def ahead_of(
    snapshot: Snapshot,
    caller: Caller,
    request: CallerRequest,
    destination: Destination,
    moment: Moment,
    *,
    whole: Moment,
    id_: int,
) -> Ahead:
    """Return what would become of a call, budgets not asked yet; `whole` has what has no say as well."""
    asking = asking_of(request, caller, seed=ids.request_id(id_))
    most = request.extras.max_cost_nano
    decision = Decision(snapshot.version, destination, asking, moment, Plan(()), caller.key_id, most)
    try:
        decision.plan = plan(destination, asking, moment)
    except Refusal as refusal:
        decision.plan = nowhere(destination, asking, moment, refusal)
        said = with_who_could(refusal, snapshot, caller.reach, asking.needs)
        return Ahead(snapshot, request, decision, whole, refusal=said)
    at = moment.at
    account = open_account(snapshot, caller, destination, request, decision.plan, id_=id_, at=at)
    foreseen = [_foreseen(account, candidate) for candidate in decision.plan.candidates]
    return Ahead(snapshot, request, decision, whole, account, foreseen)


def with_budgets(ahead: Ahead, verdicts: Sequence[Verdict]) -> Ahead:
    """Return it with the budgets that are in the way; `verdicts` are those on what would be held."""
    if ahead.account is None:
        return ahead
    said = iter(verdicts)
    foreseen = [_with(each, next(said)) if each.wanted is not None else each for each in ahead.foreseen]
    refusal = None
    if first_of(foreseen) is None:
        unfit = [each.unfit for each in foreseen if each.unfit is not None]
        refusal = refused(ahead.account, ahead.snapshot, unfit, waits=ahead.moment.waits)
    return replace(ahead, foreseen=foreseen, verdicts=verdicts, refusal=refusal)


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


def explained_of(ahead: Ahead) -> Explained:
    """Return where a call would go and why, in words."""
    decision = replace(ahead.decision, moment=ahead.moment, passed=[])
    for each in ahead.foreseen:
        if each.unfit is not None:
            budget_id = each.unfit.error.budget_id if each.unfit.error else 0
            pass_over(decision, each.candidate, each.unfit.reason, budget_id=budget_id)
    found = explained(
        block_of(decision, whole=True),
        places_of(decision.destination),
        requested=ahead.request.model,
        budgets=labels_of(ahead.account, decision.plan.candidates) if ahead.account else {},
        bounds={each.candidate.offer.id: _bound(each) for each in ahead.foreseen},
    )
    refusal = ahead.refusal
    if refusal is not None:
        return replace(found, refusal={"code": refusal.name, "message": refusal.message})
    return replace(found, goes_to=first_of(ahead.foreseen))


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
