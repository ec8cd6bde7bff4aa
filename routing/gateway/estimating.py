"""POST /v1/estimate: what a call would take, before it is sent. Nothing is held, nothing is recorded."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from billing import amount, output_read
from billing.entries import OverBudget
from billing.output_read import Outputs
from billing.standing import Verdict
from llmhub.lib import money
from routing.bound import BYTES_PER_TOKEN
from routing.cheaper import cheaper, cost_at
from routing.demand import supplier_of
from routing.gateway.account import Account
from routing.gateway.elsewhere import bound_elsewhere
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.explaining import look_ahead
from routing.gateway.fit import Fit
from routing.gateway.foresight import Ahead, Foreseen, first_of
from routing.gateway.hub import Hub
from routing.gateway.large import LARGE
from routing.mix import expected_output
from routing.plan import Candidate
from routing.remedies import Left
from routing.snapshot import Caller

_CHEAPER = 5  # models that are named
_LARGE_WORK = LARGE + 1  # prices of all models are looked at: beside the loop, one call at a time


async def estimate(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with tokens and cost of a call where it would go: expected, usual, and at most."""
    ahead = await look_ahead(hub, exchange, caller, content)
    if ahead.account is None or not ahead.foreseen:
        raise ahead.refusal or Refusal("no_candidate", "No offer could take this call")
    place = first_of(ahead.foreseen) or 0
    foreseen = ahead.foreseen[place]
    read = partial(output_read.outputs, caller.team_id, foreseen.candidate.entry.id, now=ahead.account.at)
    known = await hub.reader.run(read)
    work = partial(_cheaper, ahead, ahead.account, foreseen.candidate)
    answer = _answer(ahead, ahead.account, foreseen, known)
    answer["cheaper"] = await hub.estimates.run(_LARGE_WORK, work)
    await exchange.answer(msgspec.json.encode(answer))


def _answer(ahead: Ahead, account: Account, foreseen: Foreseen, known: Outputs) -> dict[str, Any]:
    candidate, size = foreseen.candidate, account.request.size
    asked = ahead.decision.asking.size
    expected = expected_output(asked, ahead.moment.mixes)
    tokens = {"expected": expected, "p50": _limited(known.p50, account), "p95": _limited(known.p95, account)}
    costs = {
        name: None if count is None else _usd(_expected(ahead, candidate, count))
        for name, count in tokens.items()
    }
    demand = foreseen.found.demand
    found = foreseen.found if isinstance(foreseen.found, Fit) else None
    return {
        "object": "estimate",
        "model": candidate.entry.slug,
        "provider": candidate.offer.provider.slug,
        "input_tokens": {
            "expected": max(1, size.body_bytes // BYTES_PER_TOKEN),
            "worst_case": found.size.input_tokens if found else size.input_tokens,
        },
        "output_tokens": {
            **tokens,
            "worst_case": found.size.output_tokens if found else size.output_tokens,
            "from_calls": known.calls,
        },
        "cost": {**costs, "worst_case": None if demand is None else _usd(demand.nano)},
        "budget": _budget(account, foreseen, _verdict_of(ahead, foreseen)),
        "refusal": None
        if ahead.refusal is None
        else {"code": ahead.refusal.name, "message": ahead.refusal.message},
    }


def _verdict_of(ahead: Ahead, foreseen: Foreseen) -> Verdict:
    said = iter(ahead.verdicts)
    verdicts = [(each, next(said) if each.wanted is not None else None) for each in ahead.foreseen]
    return next((verdict for each, verdict in verdicts if each is foreseen), None)


def _budget(account: Account, foreseen: Foreseen, verdict: Verdict) -> dict[str, Any] | None:
    """Return what is left of the tightest budget, and what would be left while the call runs."""
    if verdict is None:
        return None
    offer, pays = foreseen.candidate.offer, account.payment
    budgets = (*pays.payers, *pays.at_supplier(supplier_of(offer)))
    budget = next((each for each in budgets if each.id == verdict.budget_id), None)
    if budget is None:
        return None
    if isinstance(verdict, OverBudget):
        left, after = verdict.cap - verdict.spent - verdict.held, None
    else:
        left, after = verdict.left + verdict.taken, verdict.left
    return {
        "scope": budget.label,
        "per": budget.per,
        "unit": budget.unit,
        "left": amount.show(max(left, 0), budget.unit),
        "left_with_worst_case": None if after is None else amount.show(after, budget.unit),
    }


def _limited(tokens: int | None, account: Account) -> int | None:
    """Return the tokens of all answers: no longer than the caller allows."""
    if tokens is None:
        return None
    size = account.request.size
    one = tokens if size.output_limit is None else min(tokens, size.output_limit)
    return one * size.answers


def _expected(ahead: Ahead, candidate: Candidate, output_tokens: int) -> int | None:
    return cost_at(candidate.offer, ahead.decision.asking, ahead.moment, output_tokens=output_tokens)


def _cheaper(ahead: Ahead, account: Account, chosen: Candidate) -> list[dict[str, Any]]:
    """Return models that could take the call and are expected to cost less, the cheapest first."""
    entries = ahead.snapshot.entries.values()
    found = cheaper(entries, ahead.decision.asking, ahead.moment, than=chosen, most=_CHEAPER)
    return [_told(ahead, account, nano, candidate) for nano, candidate in found]


def _told(ahead: Ahead, account: Account, nano: int, candidate: Candidate) -> dict[str, Any]:
    waits = ahead.moment.waits
    worst = bound_elsewhere(account, ahead.snapshot, candidate.entry, Left({}), waits=waits)
    return {
        "model": candidate.entry.slug,
        "provider": candidate.offer.provider.slug,
        "expected": _usd(nano),
        "worst_case": _usd(worst),
    }


def _usd(nano: int | None) -> str | None:
    return None if nano is None else money.text(nano)
