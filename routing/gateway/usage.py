"""GET /v1/usage: what this key used, and what is left of each budget that its calls fall under."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from billing.amount import show
from billing.budget_state import BudgetRow
from billing.key_usage import KeyUsage, Used, key_usage
from billing.spend_report import Sums
from llmhub.lib import clock, money
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.snapshot import Caller

_ASKED = ("since", "until")


async def show_usage(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with the usage of today, of this month, and of the days asked for."""
    asked = _days(exchange.query)
    read = partial(key_usage, caller.key_id, now=clock.now(), **asked)
    try:
        found = await hub.reader.run(read)
    except ValueError as error:
        raise Refusal("invalid_request", f"{error}"[:300]) from error
    if found is None:
        raise Refusal("request_not_found", "This key was deleted")
    await exchange.answer(msgspec.json.encode(_shown(caller, found)))


def _days(query: str) -> dict[str, str]:
    try:
        found = parse_qs(query, max_num_fields=10)
    except ValueError as error:
        raise Refusal(
            "invalid_request", "The address has too many parameters: use since and until"
        ) from error
    unknown = [name for name in found if name not in _ASKED]
    if unknown:
        raise Refusal("invalid_request", f"{unknown[0][:40]!r} is not known here: use since and until")
    return {name: values[-1] for name, values in found.items()}


def _shown(caller: Caller, found: KeyUsage) -> dict[str, Any]:
    return {
        "object": "usage",
        "key": {"id": caller.key_id, "name": caller.key_name},
        "team": caller.team_slug,
        "time_zone": str(found.month.range.zone),
        "today": _sums(found.today),
        "month": _used(found.month),
        "range": None if found.asked is None else _used(found.asked),
        "budgets": [_budget(row, binds=row is found.binding) for row in found.budgets],
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "spend": money.text(sums.spend_nano),
        "requests": sums.requests,
        "errors": sums.errors,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cache_read_tokens": sums.cache_read_tokens,
        "unknown_cost_requests": sums.unpriced,
    }


def _used(used: Used) -> dict[str, Any]:
    return {
        "since": used.range.since.isoformat(),
        "until": used.range.until.isoformat(),
        **_sums(used.total),
        "models": [{"model": each.name.label, **_sums(each.total)} for each in used.models],
    }


def _budget(row: BudgetRow, *, binds: bool) -> dict[str, Any]:
    cap, left = row.cap, row.left
    return {
        "scope": row.label,
        "per": row.budget.per,
        "unit": row.unit,
        "hard": row.budget.hard,
        "cap": None if cap is None else show(cap, row.unit),
        "spent": show(row.spent, row.unit),
        "reserved": show(row.held, row.unit),
        "left": None if left is None else show(left, row.unit),
        "resets_at": row.resets_at.isoformat() if row.resets_at else None,
        "binds": binds,
    }
