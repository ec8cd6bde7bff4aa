"""R-08: callers leave at any moment; each upstream call ends with its caller and is billed once."""

from __future__ import annotations

import time

from tests.gateway.test_leaving import call
from tests.prove.row import Figures

ROW = "R-08"
CLAIM = "A caller that leaves cancels the upstream call within 1 s and is billed once, as an estimate"
DATABASES = ("sqlite", "postgres")
_TOGETHER = 20  # callers


def prove(stand) -> Figures:
    return _leave(stand, stand.size(quick=40, full=200))


def control(stand) -> Figures:
    """With a gateway that does not notice."""
    return _leave(stand, 20, "staying")


def _leave(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    stand.simulator.clear()
    models = gateway.make_all(
        {
            "stream": {"at": [stand.simulator.path("speed/50", "tokens/3000", tag="left")]},
            "whole": {"at": [stand.simulator.path("latency/20000", tag="left")]},
        }
    )
    took = [_group(stand, gateway, models, number) for number in range(count // _TOGETHER)]
    records = [record for model in models.values() for record in gateway.records(model)]
    estimates = [
        r for r in records if (r.status, r.cost_source) == ("cancelled", "estimated") and r.cost_nano
    ]
    return Figures(
        len(records) == len(estimates) == count and max(took) <= 1.0 and gateway.reservations() == 0,
        {
            "callers left": count,
            "records": len(records),
            "of them cancelled, with an estimate": len(estimates),
            "s at most until the upstream call ended": max(took),
            "reservations left": gateway.reservations(),
        },
    )


def _group(stand, gateway, models, number: int) -> float:
    """Let a group call and leave at once; the seconds until the last of its upstream calls ended."""
    begun = number * _TOGETHER
    connections = [
        call(models["stream" if each % 2 else "whole"], stream=bool(each % 2)) for each in range(_TOGETHER)
    ]
    gateway.until(lambda: len(stand.simulator.hits("left")) == begun + _TOGETHER, what="all are upstream")
    time.sleep(0.2)
    left_at = time.time()
    for connection in connections:
        connection.close()
    return _last_end(stand, gateway, begun) - left_at


def _last_end(stand, gateway, begun: int, within: float = 4.0) -> float:
    deadline = time.time() + within
    while time.time() < deadline:
        hits = stand.simulator.hits("left")[begun:]
        if all(hit["ended_by"] for hit in hits) and not gateway.reservations():
            return max(hit["at"] + hit["ended_after_ms"] / 1000 for hit in hits)
        time.sleep(0.05)
    return time.time()
