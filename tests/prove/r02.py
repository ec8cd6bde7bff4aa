"""R-02: what is held is never less than what is paid, on every recorded call and with forty in flight."""

from __future__ import annotations

from collections import Counter as Tally
from unittest.mock import patch

from routing.bound import Size
from tests.gateway import test_recorded_bounds as recorded
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-02"
CLAIM = (
    "What is held for a call is an upper bound of what it costs, and not so high that it refuses for nothing"
)
DATABASES = ("sqlite", "postgres")
IN_FLIGHT, OUTPUT, CAP = 40, 4096, "50"


def prove(stand) -> Figures:
    judged = _judged(stand)
    outcomes = Tally(outcome for outcome, _, _ in judged)
    over = [cost - held for outcome, held, cost in judged if outcome == "OVERSHOOT"]
    refused = _in_flight(stand)
    return Figures(
        not over and outcomes["covered"] >= 55 and refused == 0,
        {
            "recorded calls": len(judged),
            "covered": outcomes["covered"],
            "of known cost beyond what was held": len(over),
            "nano-USD of that": sum(over),
            "of the rest": ", ".join(f"{n} {name}" for name, n in outcomes.items() if name != "covered"),
            f"of {IN_FLIGHT} calls of 4k output on {CAP} USD refused": refused,
        },
    )


def control(stand) -> Figures:
    """With text taken at four bytes a token, and no default output limit."""
    bytes_by_four = property(lambda size: size.body_bytes // 4)
    with (
        patch.object(Size, "input_tokens", bytes_by_four),
        patch.object(recorded, "DEFAULT_OUTPUT_TOKENS", 0),
    ):
        over = [cost - held for _, held, cost in _judged(stand) if cost > held]
    return Figures(not over, {"calls of known cost beyond what was held": len(over), "nano-USD": sum(over)})


def _judged(stand) -> list[tuple[str, int, int]]:
    """What becomes of each recorded chat call under a hard cap, what is held for it, and what it cost."""
    assert stand.recordings
    return [recorded.judge(case) for case in recorded.requests()]


def _in_flight(stand) -> int:
    gateway = stand.gateway()
    model = gateway.make(at=[stand.simulator.path("latency/200")], prices=("3", "15"))
    calls.set_budget(model, cap=CAP)
    outcomes = calls.at_once([gateway.url], model, IN_FLIGHT, max_tokens=OUTPUT)
    return sum(outcome.status != 200 for outcome in outcomes)
