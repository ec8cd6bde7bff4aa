"""R-01: a hundred callers at once, two gateways, room for twenty."""

from __future__ import annotations

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-01"
CLAIM = "A hard cap is hard, however many callers come at once through however many gateways"
DATABASES = ("sqlite", "postgres")
CALLERS, ROOM, TOKENS = 100, 20, 10
CALL_NANO = TOKENS * 6000  # input is free here and the answer as long as it may be: cost = reservation


def prove(stand) -> Figures:
    return _race(stand, rounds=stand.size(quick=3, full=20))


def control(stand) -> Figures:
    """With a budget that is read, compared, and only then written."""
    return _race(stand, "naive", rounds=2)


def _race(stand, *flags: str, rounds: int) -> Figures:
    first = stand.gateway(*flags)
    second = stand.twin(first, *flags)
    stand.simulator.clear()
    at = [stand.simulator.path(f"tokens/{TOKENS}", "latency/50", tag="race")]
    models = first.make_all({str(number): {"at": at, "prices": ("0", "6")} for number in range(rounds)})
    for model in models.values():
        calls.set_budget(model, cap=calls.usd(ROOM * CALL_NANO))
    second.until(lambda: second.ready()["configuration"] == first.ready()["configuration"])
    outcomes = [
        calls.at_once([first.url, second.url], model, CALLERS, max_tokens=TOKENS) for model in models.values()
    ]
    served = [sum(outcome.status == 200 for outcome in each) for each in outcomes]
    refused = [sum(outcome.code == "budget_exceeded" for outcome in each) for each in outcomes]
    over = sum(max(0, calls.spent(model) - ROOM * CALL_NANO) for model in models.values())
    hits = len(stand.simulator.hits("race"))
    exact = served == [ROOM] * rounds and refused == [CALLERS - ROOM] * rounds and hits == ROOM * rounds
    return Figures(
        exact and over == 0,
        {
            f"rounds of {CALLERS} callers on room for {ROOM}, two gateways": rounds,
            "served": _range(served),
            "refused": _range(refused),
            "hits at the provider": hits,
            "nano-USD over": over,
        },
    )


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
