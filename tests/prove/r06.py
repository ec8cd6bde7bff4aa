"""R-06: one record a request, its cost what an oracle says that reads answers and knows prices only."""

from __future__ import annotations

import time
import urllib.request
from fractions import Fraction

from billing.models import Attempt, Counter, UsageRecord
from llmhub.lib import ids
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-06"
CLAIM = "One record for each request, and the ledger is an independent oracle's to the nano-USD"
DATABASES = ("sqlite", "postgres")
PRICES = ("0.0375", "0.15")  # 37.5 nano-USD for a token of input: half of the calls have to be rounded
_LAST = 5_000  # hits that are asked for: the simulator keeps no more than 20,000
_MOST = 900.0  # seconds; a slow machine makes fewer calls, and the figure says how many


def prove(stand) -> Figures:
    return _compare(stand, stand.size(quick=600, full=70_000))


def control(stand) -> Figures:
    """With a settle that is repeated under a new id, as after a lost answer."""
    return _compare(stand, 300, "twice")


def _compare(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    before = _begin(stand)
    models = _models(stand, gateway)
    for model in models:
        calls.set_budget(model, cap="1000")
    stop = time.monotonic() + _MOST
    outcomes = calls.by_clients(
        _jobs(gateway, models, count), clients=16, while_=lambda: time.monotonic() < stop
    )
    return _figures(stand, gateway, outcomes, before=before)


def _hits(stand, since: int = 0) -> int:
    """The number of the last hit of the simulator, which counts on for ever and keeps the last ones."""
    return max((hit["number"] for hit in stand.simulator.hits(since=since)), default=since)


def _begin(stand) -> int:
    """Forget earlier hits and make one; its number."""
    stand.simulator.clear()
    urllib.request.urlopen(f"{stand.simulator.path()}/models", timeout=5).close()
    return _hits(stand)


def _models(stand, gateway) -> list:
    well, down = stand.simulator.path("tokens/7", tag="oracle"), stand.simulator.path("status/503")
    flaky, cached = stand.simulator.path("flaky/30", "tokens/5"), stand.simulator.path("cached/3")
    wanted = {"well": [well], "fallback": [down, well], "flaky": [flaky], "cached": [cached, down]}
    return list(
        gateway.make_all({name: {"at": at, "prices": PRICES} for name, at in wanted.items()}).values()
    )


def _jobs(gateway, models, count: int):
    for number in range(count):
        stream = number % 3 == 0
        body = {"content": "word " * (number % 50 + 1), "stream": stream}
        if stream:
            body["stream_options"] = {"include_usage": True}
        yield gateway.url, models[number % len(models)], body


def oracle(outcome) -> int:
    """What a call costs in nano-USD: tokens as its caller read them times prices, rounded once."""
    if outcome.status != 200:
        return 0
    tokens_in, tokens_out = outcome.usage
    nano = 1000 * (tokens_in * Fraction(PRICES[0]) + tokens_out * Fraction(PRICES[1]))
    return round(nano)  # half to even, as money is


def _figures(stand, gateway, outcomes, *, before: int) -> Figures:
    wanted = {ids.parse_request_id(outcome.request_id): oracle(outcome) for outcome in outcomes}
    with gateway.database():
        booked = dict(UsageRecord.objects.filter(refusals=0).values_list("pk", "cost_nano"))
        attempts = Attempt.objects.count()
        counted = sum(Counter.objects.values_list("spent", flat=True))
    hits = _hits(stand, since=max(before, before + attempts - _LAST)) - before
    wrong = sum(booked.get(id_) != cost for id_, cost in wanted.items())
    difference = abs(sum(booked.values()) - sum(wanted.values())) + abs(counted - sum(wanted.values()))
    return Figures(
        len(booked) == len(wanted) == len(outcomes) and not wrong and not difference and attempts == hits,
        {
            "calls": len(outcomes),
            "duplicates": len(booked) - len(wanted),
            "records that differ from the oracle": wrong,
            "nano-USD of difference in sum": difference,
            f"hits at providers for {attempts:,} attempts": hits,
        },
    )
