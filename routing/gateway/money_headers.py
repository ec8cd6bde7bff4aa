"""What an answer's headers say about budgets: `x-llmhub-remaining` and `x-llmhub-defaulted`."""

from __future__ import annotations

import re

from billing import amount
from billing.scopes import BudgetValue
from routing.demand import supplier_of
from routing.gateway.account import Account


def money_headers(account: Account) -> dict[str, str]:
    """Return the headers of a call whose last attempt answers."""
    found = {}
    note = account.answering
    candidate, default = note.candidate, note.carried.defaulted
    added = (f"{candidate.terms.limit_field}={default}",) if default is not None else ()
    if added := (*added, *note.carried.limits):
        found["x-llmhub-defaulted"] = ", ".join(added)
    if left := account.remaining():
        budget_id, rest = left
        pays = account.payment
        known = (*pays.payers, *pays.at_supplier(supplier_of(candidate.offer)))
        budget = next((each for each in known if each.id == budget_id), None)
        if budget is not None:
            found["x-llmhub-remaining"] = _remaining(budget, rest)
    return found


def _remaining(budget: BudgetValue, rest: int) -> str:
    """Return what is left as a structured field (RFC 8941): `1.8;unit=usd;scope="team:web";per=month`."""
    scope = re.sub(r'[^\x20-\x7e]|["\\]', "?", budget.label)
    return f'{amount.show(rest, budget.unit)};unit={budget.unit};scope="{scope}";per={budget.per}'
