"""GET /healthz, /readyz and /metrics: what machines ask about this process. They need no key."""

from __future__ import annotations

import msgspec

from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.gateway.metrics import CONTENT_TYPE
from routing.gateway.watch import STALE_SECONDS


async def healthz(exchange: Exchange) -> None:
    """Answer that the process is up; nothing is touched."""
    await exchange.answer(b'{"status":"up"}')


async def readyz(hub: Hub, exchange: Exchange, *, is_stopping: bool) -> None:
    """Answer whether calls can be served, else 503 with the reasons."""
    reasons = unready(hub, is_stopping=is_stopping)
    facts = {
        "ready": not reasons,
        "reasons": reasons,
        "configuration": hub.watch.snapshot.version,
        "configuration_age_seconds": round(hub.watch.age, 1),
    }
    if reasons:
        exchange.answer_headers["retry-after"] = "1"
    await exchange.answer(msgspec.json.encode(facts), status=503 if reasons else 200)


def unready(hub: Hub, *, is_stopping: bool) -> list[str]:
    """Return why calls cannot be served; nothing when they can."""
    reasons = []
    if is_stopping:
        reasons.append("the process is stopping")
    if not hub.ledger.healthy:
        reasons.append("the ledger cannot be written")
    if hub.watch.age > STALE_SECONDS:
        reasons.append(
            f"the configuration was last read {hub.watch.age:.0f} s ago ({hub.watch.error or 'slow'})"
        )
    return reasons


async def metrics(hub: Hub, exchange: Exchange) -> None:
    """Answer with the metrics of this process, what checks found of the providers, and of their lists."""
    await hub.provider_health.look()
    await hub.metrics.discovery.look(hub.reader.run)
    await hub.metrics.alerts.look(hub.reader.run)
    await exchange.answer(hub.metrics.render(), content_type=CONTENT_TYPE)
