"""R-37: a provider that sends anything at all, while another one is called and watched."""

from __future__ import annotations

import threading
import time

import openai

from tests.fixtures.simulator import running_simulator
from tests.gateway.test_hostile import CUT, FAULTS
from tests.prove.row import Figures
from tests.providers import test_hostile_size as sizes

ROW = "R-37"
CLAIM = "Whatever a provider sends, its caller gets a defined answer, memory is bounded, others do not notice"
BAR = (
    "a defined answer each, ≤ 64 MiB more, p95 of a healthy provider at most half or 50 ms more"
    " (required: unmoved)"
)
MIB = 2**20
_GIANTS = {
    "huge/1024": None,
    "long_line/100": None,
    "bomb/1024": None,
    "endless": None,
    "slow_loris/50": None,
}
_MORE = {"usage/negative": "", "usage/doubled": "", "usage/huge": "", "usage/text": "", "wrong_length": CUT}


def prove(stand) -> Figures:
    gateway = stand.gateway("hurried")
    wanted = {**dict.fromkeys(FAULTS), **_GIANTS, **_MORE}
    models = gateway.make_all({fault: {"at": [stand.simulator.path(fault)]} for fault in wanted})
    elsewhere = stand.use(running_simulator())  # the one with the faults has its own work
    well = gateway.make(at=[elsewhere.path("tokens/5")])
    _took(well, 40)
    quiet, before = _p95(_took(well, 200)), gateway.resident()
    undefined, during = _all(models, well)
    grown = gateway.resident() - before
    return Figures(
        not undefined and grown <= 64 * MIB and during <= max(1.5 * quiet, quiet + 0.05),
        {
            "faults, streamed and not": len(wanted),
            "without a defined answer": len(undefined),
            "MiB of memory more": grown / MIB,
            "ms p95 of a healthy provider before": quiet * 1000,
            "ms meanwhile": during * 1000,
        },
    )


def control(stand) -> Figures:
    """With an answer that is read whole."""
    giants = sizes.giant.__wrapped__()
    extra = sizes.measured(next(giants), "line", "unbounded")["extra"]
    giants.close()
    return Figures(extra <= 64 * MIB, {"MiB for one line of 100": extra / MIB})


def _all(models: dict, well) -> tuple[list[str], float]:
    """What has no defined answer, and the p95 of a healthy provider meanwhile."""
    undefined: list[str] = []

    def work() -> None:
        for fault, model in models.items():
            undefined.extend(
                f"{fault} {ask.__name__}" for ask in (_whole, _streamed) if not _is_defined(ask, model)
            )

    thread, took = threading.Thread(target=work), []
    thread.start()
    while thread.is_alive():
        took += _took(well, 5)
        time.sleep(0.02)
    return undefined, _p95(took)


def _whole(model) -> None:
    model.client(timeout=30).chat.completions.create(
        model=model.name, messages=[{"role": "user", "content": "x"}]
    )


def _streamed(model) -> None:
    for number, _ in enumerate(stream := model.stream("x")):
        if number > 300:  # of one without end
            stream.close()
            break


def _is_defined(ask, model) -> bool:
    """Whether a call ended well, or with an error of ours that is not our fault."""
    try:
        ask(model)
    except openai.APIError as error:
        code = (error.body or {}).get("code", "") if isinstance(error.body, dict) else ""
        return code.startswith("upstream_") or code == "deadline_exceeded"
    return True


def _took(model, count: int) -> list[float]:
    client, seconds = model.client(), []
    for _ in range(count):
        began = time.perf_counter()
        client.chat.completions.create(model=model.name, messages=[{"role": "user", "content": "x"}])
        seconds.append(time.perf_counter() - began)
    return seconds


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
