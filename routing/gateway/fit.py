"""Whether a call fits at a candidate, before anything is held for it."""

from __future__ import annotations

import msgspec

from providers.translators import CannotTranslate
from routing.bound import Size
from routing.demand import Demand
from routing.gateway.account import Account
from routing.gateway.carriage import Carried, carry, size_at, size_before
from routing.gateway.over_budget import Unfit
from routing.plan import Candidate


class Fit(msgspec.Struct, frozen=True):
    """The most that an attempt at a candidate may take."""

    demand: Demand
    size: Size


def carried_to(account: Account, candidate: Candidate) -> Carried:
    """Return the call as a candidate gets it. Raises `CannotTranslate`."""
    return carry(
        account.request,
        candidate,
        output_limit=candidate.entry.output_limit_tokens,
        default=account.default_output,
        at=account.at,
        most=account.payment.ceiling(size_before(account.request, candidate), candidate.offer),
    )


def fit(account: Account, candidate: Candidate, carried: Carried) -> Fit | Unfit:
    """Return what an attempt may take, or why none may be made; budgets are asked afterwards."""
    size = size_at(account.request, candidate, carried)
    demand = account.payment.demand(size, candidate.offer)
    if not isinstance(demand, Demand):
        return Unfit(candidate, demand, what=size.unbounded)
    if account.is_over_max_cost(demand):
        return Unfit(candidate, "over_max_cost", demand, size)
    return Fit(demand, size)


def untold(candidate: Candidate, error: CannotTranslate) -> Unfit:
    """Return a candidate that the call cannot be told."""
    return Unfit(candidate, "unsupported", what=error.param, said=str(error))
