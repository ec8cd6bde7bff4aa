"""GET /v1/requests/{id}: how an own request ended, what it used and what it cost."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from billing import record
from billing.models import UsageRecord
from llmhub.lib import ids, money
from routing.explain_read import of_request
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.snapshot import Caller


async def show_request(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with one request of the caller's team."""
    name = exchange.path.removeprefix("/v1/requests/")
    row_id = ids.parse_request_id(name)
    found = None
    if row_id is not None:
        found = await hub.reader.run(partial(record.request, row_id, teams=frozenset({caller.team_id})))
    if found is None:
        raise Refusal("request_not_found", f"Your team has no finished request {name[:60]!r}")
    plan = await hub.reader.run(partial(of_request, found))
    corrected = None if found.corrected_nano is None else money.text(found.corrected_nano)
    shown = _shown(found.row.record) | {
        "corrected_cost": corrected,
        "overshoot": None if found.overshoot is None else money.text(found.overshoot.beyond_nano),
        "plan": None if plan is None else msgspec.to_builtins(plan),
    }
    await exchange.answer(msgspec.json.encode(shown))


def _shown(record: UsageRecord) -> dict[str, Any]:
    return {
        "id": ids.request_id(record.pk),
        "object": "request",
        "created": int(ids.moment_of(record.pk).timestamp()),
        "model": record.requested,
        "status": record.status,
        "http_status": record.http_status,
        "error_code": record.error_code or None,
        "reason": record.reason or None,
        "refusals": record.refusals,
        "finish_reason": record.finish_reason or None,
        "fallback": record.fallback_reason or None,
        "attempts": record.attempts,
        "streamed": record.streamed,
        "usage": {
            "input_tokens": record.input_tokens,
            "output_tokens": record.output_tokens,
            "cache_read_tokens": record.cache_read_tokens,
            "cache_write_tokens": record.cache_write_tokens,
            "reasoning_tokens": record.reasoning_tokens,
        },
        "cost": None if record.cost_nano is None else money.text(record.cost_nano),
        "cost_source": record.cost_source or None,
        "unpriced_reason": record.unpriced_reason or None,
        "latency_ms": record.latency_ms,
        "ttft_ms": record.ttft_ms,
        "tags": record.tags,
        "session": record.session or None,
    }
