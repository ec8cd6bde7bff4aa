"""R-18: nothing goes round in circles: providers that are all down, a hub that is its own provider."""

from __future__ import annotations

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-18"
CLAIM = "A call is tried at most three times, and a call of this hub to itself ends"


def prove(stand) -> Figures:
    return _fail(stand)


def control(stand) -> Figures:
    """With no bound on attempts."""
    return _fail(stand, "stubborn")


def _fail(stand, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    models = gateway.make_all(
        {
            "down": {"at": [stand.simulator.path("status/503", tag=f"down{number}") for number in range(8)]},
            "itself": {"at": [f"{gateway.url}/v1"]},
            "twice itself": {"at": [f"{gateway.url}/v1"] * 2},
        }
    )
    log, outcomes = len(gateway.log), {}
    for name, model in models.items():
        outcomes[name] = calls.at_once([gateway.url], model, 1)[0]
    written = len(gateway.log) - log
    tried = [gateway.records(model)[-1].attempts for model in models.values()]
    hits = [len(stand.simulator.hits(f"down{number}")) for number in range(8)]
    return Figures(
        max(tried) <= 3 and sum(hits) <= 3 and written / len(models) <= 10_000
        and all(outcome.status == 502 for outcome in outcomes.values()),
        {
            "attempts at most": max(tried),
            "hits at 8 providers that are down": sum(hits),
            "bytes of log for each call": written // len(models),
            "ended": "502" if {outcome.status for outcome in outcomes.values()} == {502} else "otherwise",
        },
    )  # fmt: skip
