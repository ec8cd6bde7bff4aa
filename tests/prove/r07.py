"""R-07: how often providers are called for the calls of callers, and for twenty with one key."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter as Tally

import openai

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-07"
CLAIM = "Retries stay within a budget, the SDKs add none, and of calls with one key one is sent"
DATABASES = ("sqlite", "postgres")
CROWD = 20
_MOST = 1.2  # hits for each call


def prove(stand) -> Figures:
    return _retry(stand, stand.size(quick=300, full=3_000))


def control(stand) -> Figures:
    """With no bound on attempts, and an idempotency key that nobody looks at."""
    return _retry(stand, 200, "stubborn", "forgetful")


def _retry(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    path = stand.simulator.path
    models = gateway.make_all(
        {
            "flaky": {"at": [path("flaky/40", f"tag/flaky{number}") for number in range(3)]},
            "down": {"at": [path("status/503", f"tag/down{number}") for number in range(3)]},
            "once": {"at": [path("latency/1500", tag="once")]},
        }
    )
    stand.simulator.clear()
    jobs = ((gateway.url, models["flaky"], {}) for _ in range(count))
    outcomes = calls.by_clients(jobs, clients=8)
    flaky = _hits(stand, "flaky") / len(outcomes)
    down = asyncio.run(_by_sdk(models["down"], count // 3))
    outage = _hits(stand, "down") / (count // 3)
    said = asyncio.run(_with_one_key(models["once"]))
    once = len(stand.simulator.hits("once"))
    return Figures(
        flaky <= _MOST and outage <= _MOST and once == 1 and said == {"200": 1, "in_flight": CROWD - 1},
        {
            "calls at three providers that fail 40 % each": len(outcomes),
            "hits for each of them": flaky,
            "calls of the SDK in an outage": down,
            "hits for each of those": outage,
            f"hits of {CROWD} calls with one key": once,
            "to them": ", ".join(f"{number} of {what}" for what, number in said.most_common()),
        },
    )


def _hits(stand, tag: str) -> int:
    return sum(f"/tag/{tag}" in hit["path"] for hit in stand.simulator.hits())


async def _by_sdk(model, count: int) -> int:
    """Make calls with the SDK as it comes, retries and all; how many failed."""
    said = await _ask(model, count, max_retries=openai.DEFAULT_MAX_RETRIES)
    return sum(number for what, number in said.items() if what != "200")


async def _with_one_key(model) -> Tally:
    return await _ask(model, CROWD, headers={"idempotency-key": str(uuid.uuid4())}, max_retries=0)


async def _ask(model, count: int, *, headers=None, max_retries: int) -> Tally:
    """What so many calls at once hear: 200 or the code of the error."""
    url = f"{model.gateway.url}/v1"
    async with openai.AsyncOpenAI(api_key=model.key, base_url=url, max_retries=max_retries) as client:

        async def ask() -> str:
            try:
                await client.chat.completions.create(
                    model=model.name, messages=[{"role": "user", "content": "x"}], extra_headers=headers
                )
            except openai.APIStatusError as refused:
                return refused.code or str(refused.status_code)
            return "200"

        return Tally(await asyncio.gather(*(ask() for _ in range(count))))
