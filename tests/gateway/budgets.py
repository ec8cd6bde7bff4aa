"""Budgets on what `Gateway.make` made, and crowds of real HTTP clients that spend them."""

from __future__ import annotations

import asyncio
import json

import aiohttp

BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}


def add(model, cap, *, scope="team", per="total", **values) -> int:
    """Make a budget, live, and return its id."""
    from billing.budget import create_budget
    from billing.models import Counter
    from llmhub.audit.actor import SYSTEM

    names = {
        "team": model.team,
        "key": str(model.key_id),
        "model": model.name,
        "provider": model.providers[0],
    }
    made = []

    def make():
        name = values.pop("name", names.get(scope, ""))
        budget = create_budget(actor=SYSTEM, scope=scope, name=name, per=per, cap=cap, **values)
        Counter.objects.get_or_create(budget_id=budget.pk, period_start=0)
        made.append(budget.pk)

    model.gateway.change(make)
    return made[0]


def remove(model, budget_id: int) -> None:
    from billing.budget import remove_budget
    from billing.models import Budget
    from llmhub.audit.actor import SYSTEM

    model.gateway.change(lambda: remove_budget(actor=SYSTEM, budget=Budget.objects.get(pk=budget_id)))


def standing(model, budget_id: int) -> tuple[int, int]:
    """What all periods of a budget have (spent, held)."""
    from billing.models import Counter

    with model.gateway.database():
        rows = Counter.objects.filter(budget_id=budget_id).values_list("spent", "held")
        return tuple(map(sum, zip(*rows, strict=True)))


def refused(model, budget_id: int) -> int:
    """How many calls a budget refused in all periods."""
    from billing.budget_refusal_models import BudgetRefusal

    with model.gateway.database():
        return sum(BudgetRefusal.objects.filter(budget_id=budget_id).values_list("times", flat=True))


def crowd(gateways, caller, *, clients: int, **body) -> list[tuple[int, dict, dict]]:
    """Let so many clients call at once, shared among the gateways: status, headers, body of each."""
    content = json.dumps(BODY | {"model": caller.name} | body).encode()

    async def call(session, gateway):
        url = f"{gateway.url}/v1/chat/completions"
        async with session.post(url, data=content) as answer:
            return answer.status, dict(answer.headers), await answer.json()

    async def all_of_them():
        headers = {"authorization": f"Bearer {caller.key}", "content-type": "application/json"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            wanted = (call(session, gateways[number % len(gateways)]) for number in range(clients))
            return await asyncio.gather(*wanted)

    return asyncio.run(all_of_them())


def ask(caller, **body) -> tuple[int, dict, dict]:
    """One call: status, headers, body."""
    return crowd([caller.gateway], caller, clients=1, **body)[0]
