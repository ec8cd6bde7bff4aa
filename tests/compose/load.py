"""Calls from several clients at once, through one gateway after the other, and what became of each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import aiohttp


@dataclass(frozen=True)
class Outcome:
    """One call as its caller saw it."""

    status: int  # 0: no connection
    began: float  # on the monotonic clock
    seconds: float
    request_id: str = ""
    retry_after: str = ""
    text: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether a stream came to its proper end."""
        return self.status == 200 and self.text.rstrip().endswith("data: [DONE]")


async def call(
    session: aiohttp.ClientSession, url: str, key: str, model: str, *, stream: bool = False
) -> Outcome:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
    began = time.monotonic()
    try:
        async with session.post(
            f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}
        ) as answer:
            text = await answer.text()
            headers = answer.headers
            return Outcome(
                answer.status, began, time.monotonic() - began, headers.get("x-llmhub-request-id", ""),
                headers.get("retry-after", ""), text,
            )  # fmt: skip
    except (aiohttp.ClientError, TimeoutError) as error:
        return Outcome(0, began, time.monotonic() - began, text=repr(error))


async def _clients(urls, key, model, number, goes_on, keep, **options) -> list[Outcome]:
    outcomes: list[Outcome] = []
    turn = cycle(urls)

    async def client(session):
        while goes_on(len(outcomes)):
            outcomes.append(await call(session, next(turn), key, model, **options))

    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(
        timeout=timeout, connector=aiohttp.TCPConnector(force_close=not keep)
    ) as session:
        await asyncio.gather(*(client(session) for _ in range(number)))
    return outcomes


def calls(
    urls: Sequence[str],
    key: str,
    model: str,
    *,
    clients: int,
    goes_on: Callable[[int], bool],
    keep: bool = False,
    **options,
) -> list[Outcome]:
    """Call as long as `goes_on`, which is told how many calls are done.

    Each call has a connection of its own, unless clients `keep` theirs: a server that is killed, or stops
    for good, may close one that is kept at any moment.
    """
    return asyncio.run(_clients(urls, key, model, clients, goes_on, keep, **options))


def streamed_error(outcome: Outcome) -> str:
    """The code of the error inside a stream, or ""."""
    return next((event["error"]["code"] for event in _events(outcome.text) if "error" in event), "")


def _events(text: str) -> Iterator[dict]:
    for line in text.splitlines():
        if line.startswith("data: {"):
            yield json.loads(line[6:])
