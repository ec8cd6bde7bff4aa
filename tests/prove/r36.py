"""R-36: the deployed gateway is reloaded under load, and stopped with streams in flight."""

from __future__ import annotations

import signal
import threading
import time

from tests.compose import load
from tests.gateway.test_stop import in_background, raw_stream
from tests.prove.row import Figures

ROW = "R-36"
CLAIM = "A reload fails no call and cuts no stream; a stop ends what does not fit with an error and a record"
DATABASES = ("sqlite", "postgres")
_ROUND = 6.5  # seconds of load around a reload: the new worker gets ready in 4
_GRACE = 3  # seconds


def prove(stand) -> Figures:
    gateway = _start(stand, "deployed")
    made = _under_load(stand, gateway, stand.size(quick=1, full=5), _reload)
    stopped = _stop(stand, gateway, stand.size(quick=4, full=20))
    failed, cut = _counts(made)
    return Figures(
        failed == cut == 0
        and min(map(len, made.values())) > 20
        and stopped["inside the grace time whole"] == stopped["longer ones ended with an error"]
        and stopped["of each without a record"] == stopped["reservations left"] == 0,
        {
            "calls around reloads": len(made["short"]) + len(made["kept"]),
            "failed": failed,
            "streams": len(made["streams"]),
            "cut": cut,
            **stopped,
        },
    )


def control(stand) -> Figures:
    """With a restart in the place of a reload."""
    gateway = _start(stand, "deployed")
    made = _under_load(stand, gateway, 1, _restart)
    failed, cut = _counts(made)
    return Figures(failed == cut == 0, {"failed": failed, "cut": cut})


def _start(stand, *flags: str):
    return stand.gateway(*flags, LLMHUB_GRACE_SECONDS=str(_GRACE))


def _reload(gateway) -> None:
    gateway.process.send_signal(signal.SIGHUP)


def _restart(gateway) -> None:
    gateway.kill()
    gateway.start("deployed", LLMHUB_GRACE_SECONDS=str(_GRACE))


def _under_load(stand, gateway, rounds: int, change) -> dict[str, list[load.Outcome]]:
    """Change the gateway in the middle of load; calls on new connections, on kept ones, and streams."""
    model = gateway.make(at=[stand.simulator.path("tokens/5")])
    outcomes: dict[str, list[load.Outcome]] = {"short": [], "kept": [], "streams": []}
    for _ in range(rounds):
        end = time.monotonic() + _ROUND
        kinds = {"short": {}, "kept": {"keep": True}, "streams": {"keep": True, "stream": True}}
        threads = [
            threading.Thread(target=_call, args=(gateway, model, end, outcomes[name], options))
            for name, options in kinds.items()
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        change(gateway)
        for thread in threads:
            thread.join()
    return outcomes


def _call(gateway, model, end: float, outcomes: list, options: dict) -> None:
    outcomes += load.calls(
        [gateway.url], model.key, model.name, clients=3, goes_on=lambda _: time.monotonic() < end, **options
    )


def _counts(made: dict[str, list[load.Outcome]]) -> tuple[int, int]:
    failed = sum(outcome.status != 200 for name in ("short", "kept") for outcome in made[name])
    return failed, sum(not outcome.is_whole for outcome in made["streams"])


def _stop(stand, gateway, count: int) -> dict[str, int]:
    """Stop the gateway with so many streams that fit in the grace time, and as many that do not."""
    path = stand.simulator.path
    models = gateway.make_all(
        {
            "short": {"at": [path("tokens/60", "speed/60", tag="stop")]},
            "long": {"at": [path("tokens/3000", "speed/50", tag="stop")]},
        }
    )
    stand.simulator.clear()
    reading = [in_background(lambda model=model: raw_stream(model)) for model in [*models.values()] * count]
    gateway.until(lambda: len(stand.simulator.hits("stop")) == 2 * count, within=10)
    gateway.stop()
    for thread, _ in reading:
        thread.join(10)
    ends = [outcome.get("answer", b"")[-700:] for _, outcome in reading]
    records = [record.status for model in models.values() for record in gateway.records(model)]
    return {
        "streams of each kind at a stop": count,
        "inside the grace time whole": sum(end.endswith(b"data: [DONE]\n\n") for end in ends),
        "longer ones ended with an error": sum(b'"code":"shutting_down"' in end for end in ends),
        "of each without a record": 2 * count - records.count("ok") - records.count("interrupted"),
        "reservations left": gateway.reservations(),
    }
