"""Pure: the 402 of a call that no budget lets through: what is in its way, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from billing import amount, budget_words
from billing.entries import Over, OverBudget
from billing.scopes import BudgetValue
from llmhub.lib import money
from routing.bound import Size
from routing.demand import Demand, Payment, supplier_of
from routing.gateway.errors import Refusal
from routing.plan import Candidate
from routing.remedies import Bound, Left, about, cheaper_model, lower_limit
from routing.snapshot import EntryValue, Snapshot


@dataclass(frozen=True, slots=True)
class Unfit:
    """A candidate that is not tried: for the money it might take, or for what it cannot be told."""

    candidate: Candidate
    reason: Literal["over_budget", "over_max_cost", "unpriced", "unbounded", "unsupported"]
    demand: Demand | None = None
    size: Size | None = None  # of the call there
    error: OverBudget | None = None
    what: str = ""  # that tokens do not bound, or the field that it cannot be told
    said: str = ""  # of what it cannot be told


@dataclass(frozen=True, slots=True)
class Asked:
    """The call that was refused."""

    snapshot: Snapshot
    payment: Payment
    entry: EntryValue
    size: Size
    dialect: str
    elsewhere: Bound  # what it would take at another model


def is_for_want_of_money(unfit: Sequence[Unfit]) -> bool:
    """Return whether budgets were in the way of a candidate."""
    return any(each.reason == "over_budget" for each in unfit)


def refusal(asked: Asked, unfit: Sequence[Unfit]) -> Refusal:
    """Return what the caller of a call without any candidate is told."""
    over = [each for each in unfit if each.error is not None and each.demand is not None]
    dropped = [
        {
            "model": each.candidate.entry.slug,
            "provider": each.candidate.offer.provider.slug,
            "reason": each.reason,
        }
        for each in unfit
    ]
    dear = [each for each in unfit if each.reason == "over_max_cost" and each.demand is not None]
    if dear:
        found = _over_max_cost(asked, min(dear, key=lambda each: each.demand.nano if each.demand else 0))
    elif over:
        found = _over(asked, min(over, key=lambda each: each.demand.nano if each.demand else 0))
    elif any(each.reason == "unpriced" for each in unfit):
        found = _unpriced(asked)
    elif all(each.reason == "unsupported" for each in unfit):
        found = Refusal("unsupported_parameter", unfit[0].said, param=unfit[0].what or None)
    else:
        found = _unbounded(asked, unfit)
    found.details["dropped"] = dropped
    return found


def _over_max_cost(asked: Asked, unfit: Unfit) -> Refusal:
    assert unfit.demand is not None
    assert asked.payment.max_cost_nano is not None
    left = Left({"usd": asked.payment.max_cost_nano})
    could, most = amount.read(unfit.demand.nano, "usd"), amount.read(asked.payment.max_cost_nano, "usd")
    remedies = list(_smaller(asked, unfit, left))
    return Refusal(
        "max_cost_exceeded",
        f"This call could cost {could}, and x-llmhub-max-cost allows {most}.",
        param="x-llmhub-max-cost",
        details={"estimate": money.text(unfit.demand.nano), "max_cost": money.text(left.rooms["usd"])},
        remedies=(*remedies, "allow more"),
    )


def _over(asked: Asked, unfit: Unfit) -> Refusal:
    assert unfit.error is not None
    budget = _budget(asked, unfit)
    error, at = unfit.error, asked.payment.at
    if budget is None:  # it was made a moment ago: the snapshot does not have it yet
        return Refusal("budget_exceeded", f"A budget has no room for this call: {error}")
    resets_at = budget.resets_at(at)
    return Refusal(
        "budget_exceeded",
        _message(budget, error, resets_at),
        details={
            "scope": budget.label,
            "budget": budget.id,
            "per": budget.per,
            "unit": budget.unit,
            "cap": amount.show(error.cap, budget.unit),
            "spent": amount.show(error.spent, budget.unit),
            "reserved": amount.show(error.held, budget.unit),
            "estimate": amount.show(error.amount, budget.unit),
            "resets_at": None if resets_at is None else resets_at.isoformat(),
            "contact": budget.contact or None,
        },
        remedies=tuple(_remedies(asked, unfit, budget)),
        over=Over(budget.id, budget.period_start(at), error.amount),
    )


def _budget(asked: Asked, unfit: Unfit) -> BudgetValue | None:
    assert unfit.error is not None
    known = (*asked.payment.payers, *asked.payment.at_supplier(supplier_of(unfit.candidate.offer)))
    return next((budget for budget in known if budget.id == unfit.error.budget_id), None)


def _message(budget: BudgetValue, error: OverBudget, resets_at: datetime | None) -> str:
    whose, _, name = budget.label.partition(":")
    left = amount.read(max(error.cap - error.spent - error.held, 0), budget.unit).removesuffix(" USD")
    until = f" until {resets_at:%-d %b %H:%M} {budget.zone.key}" if resets_at else ""
    could = amount.read(error.amount, budget.unit)
    return (
        f"{whose.capitalize()}{f' {name}' if name else ''} has {left} of "
        f"{amount.read(error.cap, budget.unit)} left{until}; this call could take {could}."
    )


def _remedies(asked: Asked, unfit: Unfit, budget: BudgetValue) -> Iterator[str]:
    assert unfit.error is not None
    error, at = unfit.error, asked.payment.at
    if error.cap > 0:
        yield from _smaller(asked, unfit, Left(error.rooms))
        resets_at = budget.resets_at(at)
        if resets_at is not None and error.amount <= error.cap:
            yield f"wait until {resets_at.isoformat()}, when the budget of {budget.label} begins anew"
    who = f"ask {budget.contact} to" if budget.contact else f"have {budget_words.decider(budget.scope)}"
    yield f"{who} raise the budget of {budget.label}: {asked.snapshot.console_url}/budgets/{budget.id}/ask/"


def _smaller(asked: Asked, unfit: Unfit, left: Left) -> Iterator[str]:
    """Yield how the call would cost no more than is left."""
    at, size = asked.payment.at, unfit.size or asked.size
    limit = lower_limit(size, unfit.candidate.offer, left, at=at)
    if limit is not None:
        name = "max_tokens" if asked.dialect == "messages" else unfit.candidate.terms.limit_field
        yield f"lower {name} to {limit} or less"
    if cheaper := cheaper_model(asked.snapshot, asked.entry, left, asked.elsewhere, at=at):
        yield f"use {cheaper[0]}: {about(cheaper[1])}"


def _unpriced(asked: Asked) -> Refusal:
    return Refusal(
        "unpriced_model",
        f"{asked.entry.slug!r} has no price, and {_limits(asked)}: its cost would be unknown.",
        remedies=(
            "use a model with a price",
            "have an admin set its price, 0 where it is free, or allow unpriced models in the call rules",
        ),
    )


def _limits(asked: Asked) -> str:
    return "a hard budget applies" if asked.payment.max_cost_nano is None else "its cost is limited"


def _unbounded(asked: Asked, unfit: Sequence[Unfit]) -> Refusal:
    unknown = "images or files, for a model whose context length is not known"
    what = next((each.what for each in unfit if each.what and each.reason == "unbounded"), unknown)
    details: dict[str, Any] = {"what": what}
    return Refusal(
        "unbounded_call",
        f"The call uses {what}: tokens do not bound what it may cost, and {_limits(asked)}.",
        details=details,
        remedies=(f"leave out {what}", "have an admin set an allowance per call in the call rules"),
    )
