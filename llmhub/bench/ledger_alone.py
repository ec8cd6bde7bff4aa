"""How many calls a second the ledger takes when nothing else happens: reserve, then settle, durably."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from billing.ledger import Ledger

CALLERS = 256  # at a time


def main(seconds: float) -> None:
    """Print the calls a second."""
    django.setup()
    from billing.ledger import Ledger

    ledger = Ledger()
    ledger.start()
    try:
        sys.stdout.write(f"{asyncio.run(_measure(ledger, seconds)):.1f}\n")
    finally:
        ledger.close()


async def _measure(ledger: Ledger, seconds: float) -> float:
    """Return calls a second of so many callers."""
    began = time.monotonic()
    counts = await asyncio.gather(*(_caller(ledger, began + seconds) for _ in range(CALLERS)))
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
