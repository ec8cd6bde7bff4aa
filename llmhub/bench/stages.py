"""What each stage of a call costs: the gateway in this process, without its server, one call at a time."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import django

# Where each stage begins and ends; what is in none of them is the rest.
STAGES = {
    "auth": ("llmhub.lib.secrets:digest", "routing.gateway.authenticate:authenticate"),
    "read": ("routing.gateway.large:LargeBodies.read",),
    "plan": ("routing.resolve:resolve", "routing.plan:plan", "routing.gateway.opening:open_account"),
    "reserve": ("billing.ledger:Ledger.reserve",),
    "upstream": ("providers.client:Client.send",),
    "settle": ("billing.ledger:Ledger.settle",),
}
_OURS = ("llmhub", "providers", "catalog", "billing", "routing")
_WARM_UP = 50  # calls

Times = defaultdict[str, float]  # seconds of one call, by stage


def main(key: str, body: str, seconds: float) -> None:
    """Print the median milliseconds of each stage of a call, and of the whole, as JSON."""
    django.setup()
    from routing.gateway.app import make_gateway

    times: Times = defaultdict(float)
    gateway = make_gateway()
    for stage, places in STAGES.items():
        for place in places:
            _measure(place, stage, times)
    sys.stdout.write(json.dumps(asyncio.run(_calls(gateway, key, body.encode(), seconds, times))) + "\n")


def _measure(place: str, stage: str, times: Times) -> None:
    """Put a function with a stop-watch in the place of one, wherever a module of ours knows it."""
    module_name, _, path = place.partition(":")
    holder: Any = sys.modules[module_name]
    *outer, name = path.split(".")
    for each in outer:
        holder = getattr(holder, each)
    function = getattr(holder, name)
    timed = _timed(function, stage, times)
    setattr(holder, name, timed)
    for module in [module for known, module in sys.modules.items() if known.startswith(_OURS)]:
        if not outer and vars(module).get(name) is function:
            setattr(module, name, timed)


def _timed(function: Callable[..., Any], stage: str, times: Times) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            times[stage] += time.perf_counter() - began

    @functools.wraps(function)
    async def wait(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return await function(*arguments, **named)
        finally:
            times[stage] += time.perf_counter() - began

    return wait if inspect.iscoroutinefunction(function) else call


async def _calls(gateway: Any, key: str, body: bytes, seconds: float, times: Times) -> dict[str, float]:
    """Call for so long; the median of each stage."""
    seen: list[dict[str, float]] = []
    life = _Life()
    living = asyncio.create_task(gateway({"type": "lifespan"}, life.receive, life.send))
    await life.said("lifespan.startup.complete")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or len(seen) <= _WARM_UP:
        times.clear()
        began = time.perf_counter()
        await _call(gateway, key, body)
        seen.append({**times, "whole": time.perf_counter() - began})
    life.ends.set()
    await living
    stages = [*STAGES, "whole"]
    return {
        stage: statistics.median(each.get(stage, 0.0) for each in seen[_WARM_UP:]) * 1000 for stage in stages
    }


class _Life:
    """The server's side of the gateway's life."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._begun = False

    async def receive(self) -> dict[str, Any]:
        if self._begun:
            await self.ends.wait()
            return {"type": "lifespan.shutdown"}
        self._begun = True
        return {"type": "lifespan.startup"}

    async def send(self, message: Any) -> None:
        await self._said.put(message["type"])

    async def said(self, wanted: str) -> None:
        found = await self._said.get()
        if found != wanted:
            raise RuntimeError(f"the gateway does not start: {found}")


async def _call(gateway: Any, key: str, body: bytes) -> None:
    """Make one call. Raises `RuntimeError` when it is not served."""
    status = 0
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()  # the caller stays
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
    await gateway({**scope, "query_string": b"", "client": ("127.0.0.1", 1)}, receive, send)
    if status != 200:
        raise RuntimeError(f"a call was answered {status}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
