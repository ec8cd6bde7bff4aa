"""`Idempotency-Key`: what names a call, and what the caller of a repeated one is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

from billing.entries import FirstCall, Once, Repeated
from llmhub.lib import ids, money
from routing.gateway.errors import Refusal
from routing.gateway.large import LargeBodies
from routing.snapshot import Caller

HEADER = "idempotency-key"


@dataclass(eq=False)
class AlreadyDone(Refusal):
    """The first call has ended."""

    first: FirstCall | None = None


async def once_for(large: LargeBodies, caller: Caller, value: str, *, path: str, content: bytes) -> Once:
    """Return what names a call of this gateway key; a large body is digested beside the event loop."""
    return await large.run(len(content), partial(_once, caller, value, path, content))


def _once(caller: Caller, value: str, path: str, content: bytes) -> Once:
    body = hashlib.sha256(path.encode() + b"\n")
    body.update(content)
    return Once(hashlib.sha256(f"{caller.key_id}:{value}".encode()).hexdigest(), body.hexdigest())


def refusal(repeated: Repeated) -> Refusal:
    """Return what the caller of a repeated call is told."""
    first = repeated.first
    if not repeated.is_same and first is not None:
        message = f"This Idempotency-Key was used with another body, in {ids.request_id(first.id)}"
        return Refusal(
            "idempotency_key_reused", message, param=HEADER, details={"request_id": ids.request_id(first.id)}
        )
    if first is None or first.status is None:
        details = {} if first is None else {"request_id": ids.request_id(first.id)}
        return Refusal("in_flight", "A call with this Idempotency-Key is under way", details=details)
    return _already_done(first)


def _already_done(first: FirstCall) -> Refusal:
    request_id = ids.request_id(first.id)
    cost = cost_text(first)
    ended = f"it ended as {first.status!r} and cost {'an unknown amount' if cost is None else f'{cost} USD'}"
    message = f"The call with this Idempotency-Key was {request_id}: {ended}"
    return AlreadyDone(
        "already_done",
        message,
        details={
            "request_id": request_id,
            "status": first.status,
            "http_status": first.http_status or None,  # None: its caller had left, or llmhub was killed
            "cost": cost,
        },
        remedies=(
            f"see GET /v1/requests/{request_id}; its answer is not kept, or no whole one",
            "send a new Idempotency-Key to have a new call made, and charged",
        ),
        first=first,
    )


def cost_text(first: FirstCall) -> str | None:
    """Return what a call cost in USD, None where nobody knows."""
    return None if first.cost_nano is None else money.text(first.cost_nano)
