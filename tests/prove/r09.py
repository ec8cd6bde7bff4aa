"""R-09: a stream is cut at every event and at every byte; an end is never faked."""

from __future__ import annotations

from tests.gateway.test_truncation import CUTS, TOKENS, events, is_finished
from tests.prove.row import Figures

ROW = "R-09"
CLAIM = "A stream ends with its marker or a finish reason; anything else is an error, never a faked end"
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    return _cut(stand, step=stand.size(quick=37, full=1))


def control(stand) -> Figures:
    """With whatever ends a stream taken for its end."""
    return _cut(stand, "faking", step=101)


def _cut(stand, *flags: str, step: int) -> Figures:
    gateway = stand.gateway(*flags)
    stand.simulator.clear()
    plain = gateway.make(at=[stand.simulator.path(f"tokens/{TOKENS}")])
    whole = len(events(plain, stream_options={"include_usage": True})[0])
    size = stand.simulator.ended(1)[-1]["sent_bytes"]
    ways = [f"{way}/{count}" for way in CUTS for count in range(whole + 1)]
    ways += [f"cut/{count}" for count in range(1, size, step)]
    cut = gateway.make_all({way: {"at": [stand.simulator.path(f"tokens/{TOKENS}", way)]} for way in ways})
    seen = [_end(gateway, model) for model in cut.values()]
    return Figures(
        not seen.count("faked") and not seen.count("wrong record") and seen.count("error") > 10,
        {
            "truncation points": len(seen),
            "errors": seen.count("error"),
            "whole answers": seen.count("whole"),
            "faked ends": seen.count("faked"),
            "records that say otherwise": seen.count("wrong record"),
        },
    )


def _end(gateway, model) -> str:
    """How a stream ended for its caller, and whether the ledger says the same."""
    chunks, error = events(model)
    record = gateway.records(model)[-1]
    if error is None:
        return ("whole" if record.status == "ok" else "wrong record") if is_finished(chunks) else "faked"
    says_so = record.status == "error" and record.error_code.startswith("upstream_")
    return "error" if says_so and not is_finished(chunks) else "wrong record"
