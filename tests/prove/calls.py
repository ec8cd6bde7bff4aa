"""Calls as rows make them: many at once, by many clients, and what came of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

import aiohttp

from llmhub.lib import money


@dataclass(frozen=True)
class Outcome:
    """One call as its caller saw it."""

    status: int  # 0: the connection ended before its answer
    request_id: str = ""
    body: dict | None = None

    @property
    def code(self) -> str:
        return ((self.body or {}).get("error") or {}).get("code", "")

    @property
    def usage(self) -> tuple[int, int]:
        usage = (self.body or {}).get("usage") or {}
        return usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)


async def call(session, url: str, model, *, content: str = "Hello", leave_after=None, **more) -> Outcome:
    """Make one call, and leave after so many seconds if told to."""
    body = {"model": model.name, "messages": [{"role": "user", "content": content}], **more}
    headers = {"authorization": f"Bearer {model.key}"}
    try:
        async with (
            asyncio.timeout(leave_after),
            session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer,
        ):
            text = await answer.text()
            return Outcome(answer.status, answer.headers.get("x-llmhub-request-id", ""), _read(text))
    except (aiohttp.ClientError, TimeoutError):
        return Outcome(0)


def _read(text: str) -> dict | None:
    """An answer, or the last event of a stream that says something."""
    if not text.startswith("data: "):
        return json.loads(text) if text.startswith("{") else None
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return next((event for event in reversed(events) if "error" in event or event.get("usage")), None)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
    )


def at_once(urls: Iterable[str], model, count: int, **body) -> list[Outcome]:
    """Make `count` calls at the same moment, the gateways in turn."""
    turn = cycle(urls)

    async def run():
        async with _session() as session:
            return await asyncio.gather(*(call(session, next(turn), model, **body) for _ in range(count)))

    return asyncio.run(run())


def by_clients(jobs: Iterable[tuple], *, clients: int, while_=lambda: True) -> list[Outcome]:
    """Make the calls `(url, model, body)` one after the other by each of so many clients."""
    queue, outcomes = iter(jobs), []

    async def client(session):
        for url, model, body in queue:
            outcomes.append(await call(session, url, model, **body))
            if not while_():
                break

    async def run():
        async with _session() as session:
            await asyncio.gather(*(client(session) for _ in range(clients)))

    asyncio.run(run())
    return outcomes


def set_budget(model, *, cap: str | None, scope: str = "team") -> None:
    """Give the team of a model a hard budget that never resets, live."""
    from billing.budget import create_budget
    from llmhub.audit.actor import SYSTEM

    name = model.team if scope == "team" else ""
    model.gateway.change(lambda: create_budget(actor=SYSTEM, scope=scope, name=name, per="total", cap=cap))


def spent(model) -> int:
    """What all calls of a model's team cost by their records, in nano-USD."""
    return sum(record.cost_nano or 0 for record in model.gateway.records(model))


def usd(nano: int) -> str:
    """An amount as a person writes it."""
    return money.text(nano)
