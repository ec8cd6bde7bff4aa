"""R-03: whatever ends a call, nothing stays reserved, and the last call that fits is let in."""

from __future__ import annotations

import random
import time

from django.db.models import Sum

from billing.models import Budget, Counter, Reservation
from billing.sweep import sweep
from tests.fixtures.gateway import later
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-03"
CLAIM = "A reservation is released on every way out, a crash included"
DATABASES = ("sqlite", "postgres")
FAULTS = (
    "", "status/500", "status/429", "reset", "html", "garbage", "cut/40", "cut_events/2", "end_events/2",
    "error_200", "error_mid/1", "hang", "hang_events/2", "slow_loris/200", "comments", "huge/17",
    "usage/none",
)  # fmt: skip
CALL_NANO = 10 * 6000
_LEAVE = 0.2  # seconds
_LEASE = 70.0  # seconds: the deadline of these gateways and a minute


def prove(stand) -> Figures:
    return _faults(stand, stand.size(quick=120, full=500))


def control(stand) -> Figures:
    """With a cancelled call that is never settled."""
    return _faults(stand, 120, "swallowing")


def _faults(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway("hurried", *flags)
    models = _models(stand, gateway)
    outcomes = calls.by_clients(_mixed(gateway, models, count), clients=24)
    quiet = _rest(gateway)
    crashed = _crash(stand, gateway, models["hang"], *flags)
    answers = _last_that_fits(gateway, models["exact"])
    ended = {outcome.status or "left" for outcome in outcomes}
    return Figures(
        quiet == (0, 0) and crashed[1] == (0, 0) and answers == ["200", "budget_exceeded"] and len(ended) > 3,
        {
            "mixed faults": len(outcomes),
            "different ends": len(ended),
            "nano-USD held after them": quiet[0],
            "reservations": quiet[1],
            "left by a kill -9": crashed[0],
            "held when their lease was over": crashed[1][0],
            "to the last call that fits and the one after it": " and ".join(answers),
        },
    )


def _models(stand, gateway) -> dict:
    wanted = {
        fault or "well": {"at": [stand.simulator.path("tokens/10", fault)], "prices": ("0", "6")}
        for fault in FAULTS
    }
    wanted["left"] = {"at": [stand.simulator.path("speed/20", "tokens/10")], "prices": ("0", "6")}
    wanted["exact"] = {"at": [stand.simulator.path("tokens/10")], "prices": ("0", "6")}
    models = gateway.make_all(wanted)
    calls.set_budget(models["well"], cap="1000", scope="organisation")
    return models


def _mixed(gateway, models, count: int):
    chance = random.Random(3)
    ways = [name for name in models if name != "exact"]
    for number in range(count):
        way = ways[number % len(ways)]
        body = {"max_tokens": 10, "stream": chance.random() < 0.5}
        yield gateway.url, models[way], body | ({"leave_after": _LEAVE} if way == "left" else {})


def _held(gateway) -> tuple[int, int]:
    with gateway.database():
        held = Counter.objects.aggregate(held=Sum("held"))["held"] or 0
        return held, Reservation.objects.count()


def _rest(gateway, within: float = 5.0) -> tuple[int, int]:
    """What is held when every caller has its answer: at most a moment later, nothing."""
    deadline = time.monotonic() + within
    while any(_held(gateway)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return _held(gateway)


def _crash(stand, gateway, model, *flags: str) -> tuple[int, tuple[int, int]]:
    """Kill the gateway with calls in flight; what they left, and what is held after their lease."""
    before = _held(gateway)[1]
    jobs = ((gateway.url, model, {"max_tokens": 10, "leave_after": 0.4}) for _ in range(10))
    stand.in_background(lambda: calls.by_clients(jobs, clients=10))
    gateway.until(lambda: _held(gateway)[1] >= before + 5, within=5, what="calls are in flight")
    gateway.kill()
    left = _held(gateway)[1]
    with gateway.database():
        sweep(later(seconds=_LEASE))
    gateway.start("hurried", *flags)
    return left, _held(gateway)


def _last_that_fits(gateway, model) -> list[str]:
    """Leave room for one call in the budget and make two."""
    with gateway.database():
        counter = Counter.objects.get()
        room = counter.spent + CALL_NANO
    gateway.change(lambda: Budget.objects.update(cap=room))
    made = [calls.at_once([gateway.url], model, 1, max_tokens=10)[0] for _ in range(2)]
    return [outcome.code or str(outcome.status) for outcome in made]
