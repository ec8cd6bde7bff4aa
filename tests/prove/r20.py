"""R-20: the memory of a gateway that has served many calls."""

from __future__ import annotations

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-20"
CLAIM = "The memory of a gateway does not grow with the calls it has served"
DATABASES = ("sqlite", "postgres")
MIB = 2**20
_MOST = 8 * MIB
_STEP = 2_000  # calls between two lines of progress


def prove(stand) -> Figures:
    return _serve(stand, stand.size(quick=1_500, full=20_000), stand.size(quick=4_000, full=100_000))


def control(stand) -> Figures:
    """With 16 KiB of each call kept for ever."""
    return _serve(stand, 500, 2_000, "hoarding")


def _serve(stand, warm: int, all_: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    model = gateway.make(at=[stand.simulator.path("tokens/3")])
    calls.set_budget(model, cap="1000")
    _calls(stand, gateway, model, warm)
    before = gateway.resident()
    _calls(stand, gateway, model, all_ - warm)
    grown = gateway.resident() - before
    return Figures(
        grown <= _MOST,
        {
            f"MiB after {warm:,} calls": before / MIB,
            f"MiB more after {all_:,}": grown / MIB,
        },
    )


def _calls(stand, gateway, model, count: int) -> None:
    """Make that many calls, streamed and not in turn."""
    done = 0
    while done < count:
        some = min(_STEP, count - done)
        jobs = ((gateway.url, model, {"stream": number % 2 == 0}) for number in range(some))
        outcomes = calls.by_clients(jobs, clients=16)
        assert {outcome.status for outcome in outcomes} == {200}, outcomes[-1]
        done += some
        if count > 2 * _STEP:
            stand.say(f"  {done:,} of {count:,} calls, {gateway.resident() / MIB:.1f} MiB")
