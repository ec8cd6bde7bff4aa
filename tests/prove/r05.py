"""R-05: killed at random moments under load, no acknowledged call is without its record."""

from __future__ import annotations

from billing.models import UsageRecord
from billing.sweep import sweep
from tests.fixtures.gateway import later
from tests.gateway.test_kill import lost, rounds
from tests.prove import syncs as syncs_of
from tests.prove.row import Figures

ROW = "R-05"
CLAIM = "A call is settled, on disk, before its last byte goes out"
DATABASES = ("sqlite", "postgres")


_CALLS = 100  # whose syncs are counted


def prove(stand) -> Figures:
    kills = stand.size(quick=3, full=20)
    acknowledged, missing, gateway = _killed(stand, kills)
    with gateway.database():
        sweep(later(hours=1))
        records = UsageRecord.objects.filter(refusals=0).count()
    hits, held = len(stand.simulator.hits("killed")), gateway.reservations()
    syncs = _syncs(stand)
    return Figures(
        missing == 0
        and held == 0
        and records >= min(hits, 20_000)
        and acknowledged > 20 * kills
        and (syncs is None or syncs >= 1),
        {
            "kills under 32 clients": kills,
            "calls acknowledged": acknowledged,
            "of them without a record": missing,
            "held after the sweep": held,
            **_said(syncs),
        },
    )


def control(stand) -> Figures:
    """With the settle after the last byte, and a database that does not wait for the disk."""
    kills = stand.size(quick=8, full=8)
    acknowledged, missing, _ = _killed(stand, kills, "late", until_lost=True)
    syncs = _syncs(stand, "careless")
    return Figures(
        missing == 0 or (syncs is not None and syncs >= 1),
        {"calls acknowledged": acknowledged, "without a record": missing, **_said(syncs)},
    )


def _syncs(stand, *flags: str) -> float | None:
    """Syncs for each commit; Postgres does its own, in the server."""
    if stand.database != "sqlite":
        return None
    gateway = stand.gateway(*flags)
    model = gateway.make(at=[stand.simulator.path("tokens/3")])
    return syncs_of.of_each_commit(gateway, model, stand.folder(), _CALLS)


def _said(syncs: float | None) -> dict[str, float]:
    return {} if syncs is None else {"syncs of the disk for each commit": syncs}


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
