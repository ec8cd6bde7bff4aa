"""R-05: killed at random moments under load, no acknowledged call is without its record."""

from __future__ import annotations

from billing.models import UsageRecord
from billing.sweep import sweep
from tests.fixtures.gateway import later
from tests.gateway.test_kill import lost, rounds
from tests.prove.row import Figures

ROW = "R-05"
CLAIM = "A call is settled, on disk, before its last byte goes out"
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    kills = stand.size(quick=3, full=20)
    acknowledged, missing, gateway = _killed(stand, kills)
    with gateway.database():
        sweep(later(hours=1))
        records = UsageRecord.objects.count()
    hits, held = len(stand.simulator.hits("killed")), gateway.reservations()
    return Figures(
        missing == 0 and held == 0 and records >= min(hits, 20_000) and acknowledged > 20 * kills,
        {
            "kills under 32 clients": kills,
            "calls acknowledged": acknowledged,
            "of them without a record": missing,
            "held after the sweep": held,
        },
    )


def control(stand) -> Figures:
    """With the settle after the last byte."""
    kills = stand.size(quick=8, full=8)
    acknowledged, missing, _ = _killed(stand, kills, "late", until_lost=True)
    return Figures(missing == 0, {"calls acknowledged": acknowledged, "without a record": missing})


def _killed(stand, kills: int, *flags: str, until_lost: bool = False):
    stand.simulator.clear()
    total, missing, gateway = 0, 0, stand.gateway(*flags)
    gateway.kill()
    for _, acknowledged in rounds(lambda: gateway, stand.simulator, kills, *flags):
        total += len(acknowledged)
        missing += len(lost(gateway, acknowledged))
        if missing and until_lost:
            break
    return total, missing, gateway
