"""R-04: while the ledger cannot be written nothing is sent to a provider."""

from __future__ import annotations

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-04"
CLAIM = "The cap lives in the database and fails closed: without it no call goes out"
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    return _call_meanwhile(stand, stand.size(quick=40, full=200))


def control(stand) -> Figures:
    """With a ledger that lets a call pass when it cannot be written."""
    return _call_meanwhile(stand, 20, "open_handed")


def _call_meanwhile(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    model = gateway.make(at=[stand.simulator.path("tokens/3", tag="metered")])
    calls.set_budget(model, cap="1000")
    stand.simulator.clear()
    before = calls.at_once([gateway.url], model, 10)
    with stand.away(gateway):
        meanwhile = calls.at_once([gateway.url], model, count)
    gateway.until(lambda: calls.at_once([gateway.url], model, 1)[0].status == 200, within=10)
    hits, records = len(stand.simulator.hits("metered")), gateway.records(model)
    unmetered = hits - sum(record.attempts for record in records)
    told = {outcome.status for outcome in meanwhile}
    return Figures(
        told == {503} and unmetered == 0 and {outcome.status for outcome in before} == {200},
        {
            "calls while the database was away": count,
            "answered 503": sum(outcome.status == 503 for outcome in meanwhile),
            "served": sum(outcome.status == 200 for outcome in meanwhile),
            "hits at the provider without a record": unmetered,
        },
    )
