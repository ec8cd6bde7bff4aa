"""A request for which nothing is done: its caller is told, and the ledger counts it once the key is known.

Before that it is a line in the log and a metric alone: nobody can be named for it, and nobody may make
the ledger grow.
"""

from __future__ import annotations

from billing.entries import Refused
from routing.explain import kept_text
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub


async def turn_away(hub: Hub, exchange: Exchange, refusal: Refusal) -> None:
    """Answer with an error in place of a call that was not made."""
    entry = refused(exchange, refusal)
    if entry is not None:
        hub.ledger.count_refusal(entry)
    await exchange.refuse(refusal)


def refused(exchange: Exchange, refusal: Refusal) -> Refused | None:
    """Return what the ledger counts; None where nobody is known, or the call has its record."""
    caller, asked = exchange.caller, exchange.asked
    if caller is None or exchange.has_record:
        return None
    return Refused(
        id=exchange.id,
        team_id=caller.team_id,
        key_id=caller.key_id,
        person_id=caller.person_id,
        error_code=refusal.name,
        http_status=refusal.code.status,
        reason="" if refusal.name.startswith("upstream_") else refusal.message,  # it may quote the call
        requested=asked.model if asked else "",
        dialect=asked.dialect if asked else exchange.face.dialect,
        streamed=asked.stream if asked else False,
        latency_ms=exchange.elapsed_ms,
        tags=asked.extras.tags if asked else {},
        session=asked.extras.session if asked else "",
        plan=kept_text(exchange.decision),
        over=refusal.over,
    )
