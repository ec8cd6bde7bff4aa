"""How many calls a second the ledger takes when nothing else happens: reserve, then settle, durably."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from billing.ledger import Ledger

CALLERS = 256  # at a time


def main(seconds: float) -> None:
    """Print as JSON the calls a second of many callers, and the milliseconds that one alone waits."""
    django.setup()
    from billing.ledger import Ledger

    ledger = Ledger()
    ledger.start()
    try:
        many = asyncio.run(_measure(ledger, callers=CALLERS, seconds=seconds))
        alone = asyncio.run(_measure(ledger, callers=1, seconds=seconds / 3))
        sys.stdout.write(json.dumps({"per_second": many, "alone_ms": 1000 / alone}) + "\n")
    finally:
        ledger.close()


async def _measure(ledger: Ledger, *, callers: int, seconds: float) -> float:
    """Return calls a second of so many callers."""
    began = time.monotonic()
    counts = await asyncio.gather(*(_caller(ledger, began + seconds) for _ in range(callers)))
    return sum(counts) / (time.monotonic() - began)


async def _caller(ledger: Ledger, deadline: float) -> int:
    """Reserve and settle one call after the other and return how many."""
    from billing.entries import AttemptEntry, Reserve, Settle

    count = 0
    while time.monotonic() < deadline:
        id_ = ledger.next_id()
        await ledger.reserve(Reserve(id_, amount_nano=1_000_000, expires_at=int(time.time()) + 60))
        attempt = AttemptEntry(
            number=1,
            status="ok",
            started_at_ms=int(time.time() * 1000),
            latency_ms=5,
            input_tokens=40,
            output_tokens=16,
            cost_nano=15_600,
            cost_source="computed",
        )
        await ledger.settle(Settle(id_, requested="bench/echo", status="ok", attempts=(attempt,)))
        count += 1
    return count


if __name__ == "__main__":
    main(float(sys.argv[1]))
