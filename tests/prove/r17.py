"""R-17: the database is away in the middle of load, and comes back."""

from __future__ import annotations

import threading
import time

from llmhub.lib import ids
from tests.compose import load
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-17"
CLAIM = "A failure of ours is 503 with Retry-After, never 401, never free, and ends without a restart"
DATABASES = ("sqlite", "postgres")
_AFTER = 10.0  # seconds of load once the database is back
_SOONEST = 5.0


def prove(stand) -> Figures:
    return _outage(stand, stand.size(quick=7, full=10))


def control(stand) -> Figures:
    """With a ledger that is not tried again once it could not be written."""
    return _outage(stand, 7, "sulking")


def _outage(stand, seconds: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    model = gateway.make(at=[stand.simulator.path("tokens/3", tag="outage")])
    calls.set_budget(model, cap="1000")
    outcomes: list[load.Outcome] = []
    end = time.monotonic() + 1 + seconds + _AFTER
    early = _in_background(gateway, model, outcomes, end)
    time.sleep(1)
    with stand.away(gateway):
        late = _in_background(gateway, model, outcomes, end)  # the early ones may all wait for their records
        time.sleep(seconds)
    back = time.monotonic()
    for thread in (early, late):
        thread.join()
    return _figures(gateway, model, outcomes, back=back, seconds=seconds)


def _in_background(gateway, model, outcomes: list, end: float) -> threading.Thread:
    """Six clients that call until the end."""

    def run() -> None:
        outcomes.extend(
            load.calls(
                [gateway.url], model.key, model.name, clients=6, goes_on=lambda _: time.monotonic() < end
            )
        )

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _figures(gateway, model, outcomes, *, back: float, seconds: int) -> Figures:
    refused = [outcome for outcome in outcomes if outcome.status != 200]
    after = [outcome for outcome in outcomes if outcome.status == 200 and outcome.began > back]
    first = min((outcome.began + outcome.seconds - back for outcome in after), default=float("inf"))
    served = {outcome.request_id for outcome in outcomes if outcome.status == 200}
    recorded = {ids.request_id(record.pk) for record in gateway.records(model) if record.status == "ok"}
    # One that was served but could not be written says that it must not be sent again.
    silent = [each for each in refused if not each.retry_after and "not_written_yet" not in each.text]
    others = {outcome.status for outcome in refused} - {503}
    return Figures(
        bool(refused) and not others and not silent and first <= _SOONEST and served <= recorded,
        {
            f"calls around {seconds} s without a database": len(outcomes),
            "refused": len(refused),
            "of them otherwise than by 503": sum(outcome.status != 503 for outcome in refused),
            "without Retry-After": len(silent),
            "served without a record": len(served - recorded),
            "s until the first success of a call made after it was back": first,
        },
    )
