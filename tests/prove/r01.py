"""R-01: a hundred callers at once, two gateways, room for twenty; budgets in any order lock nobody out."""

from __future__ import annotations

import random
import re
import urllib.request

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-01"
CLAIM = "A hard cap is hard, however many callers come at once through however many gateways"
DATABASES = ("sqlite", "postgres")
CALLERS, ROOM, TOKENS = 100, 20, 10
CALL_NANO = TOKENS * 6000  # input is free here and the answer as long as it may be: cost = reservation


TAGS, WITH_TAGS = 8, 4  # budgets of tags, and how many of them a call falls under


def prove(stand) -> Figures:
    race = _race(stand, rounds=stand.size(quick=3, full=20))
    order = _in_any_order(stand, stand.size(quick=400, full=4_000))
    return Figures(race.holds and order.holds, race.measured | order.measured)


def control(stand) -> Figures:
    """With a budget that is read, compared, only then written; on Postgres also with a lock per request."""
    race = _race(stand, "naive", rounds=2)
    if stand.database == "sqlite":  # one writer at a time: the order of locks is nothing there
        return race
    order = _in_any_order(stand, 2_000, "hasty")
    return Figures(race.holds or order.holds, race.measured | order.measured)


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
            "refused of each": _range(refused),
            "hits at the provider": hits,
            "nano-USD over": over,
        },
    )


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _in_any_order(stand, count: int, *flags: str) -> Figures:
    """Let two gateways make calls that fall under several of the same budgets each."""
    first = stand.gateway(*flags)
    second = stand.twin(first, *flags)
    model = first.make(at=[stand.simulator.path("tokens/3")])
    first.change(lambda: [_budget_of(f"t{number}=1") for number in range(TAGS)])
    second.until(lambda: second.ready()["configuration"] == first.ready()["configuration"])
    dice = random.Random(1)
    outcomes = calls.by_clients(
        (_job(model, url, dice) for url in [first.url, second.url] * (count // 2)), clients=32
    )
    failures = sum(map(_failures, (first, second)))
    refused = sum(outcome.status != 200 for outcome in outcomes)
    return Figures(
        failures == refused == 0,
        {
            f"calls under {WITH_TAGS} of {TAGS} budgets each": len(outcomes),
            "refused": refused,
            "batches that locked each other out": failures,
        },
    )


def _budget_of(tag: str) -> None:
    from billing.budget import create_budget
    from llmhub.audit.actor import SYSTEM

    create_budget(actor=SYSTEM, scope="tag", name=tag, per="total", cap="1000")


def _job(model, url: str, dice) -> tuple:
    tags = {f"t{number}": "1" for number in dice.sample(range(TAGS), WITH_TAGS)}
    return url, model, {"llmhub": {"tags": tags}}


def _failures(gateway) -> int:
    """How many batches the database did not take, by the gateway's own metrics."""
    page = urllib.request.urlopen(f"{gateway.url}/metrics", timeout=5).read().decode()
    return int(float(re.search(r"^llmhub_ledger_failures_total (\S+)", page, re.MULTILINE)[1]))
