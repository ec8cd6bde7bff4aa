"""What the gateway is compared with: the same server and the same pooled client, and nothing else."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from httpx_aiohttp import AiohttpTransport

from llmhub.lib import egress
from llmhub.lib.asgi import Receive, Scope, Send
from llmhub.up import child


class Bare:
    """Hands each request on to one server, to the same path, and each answer back, chunk by chunk."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._transport: AiohttpTransport | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        content = b"".join([part async for part in _body(receive)])
        request = httpx.Request(
            "POST",
            self._upstream + scope["path"],
            content=content,
            headers={"content-type": "application/json"},
        )
        assert self._transport is not None
        response = await self._transport.handle_async_request(request)
        try:
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": _kept(response)}
            )
            async for chunk in response.stream:  # type: ignore[union-attr]
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._transport = AiohttpTransport(verify=False, client=egress.session(egress.policy(loopback=True)))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._transport.aclose()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of a request."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _kept(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Return the headers that say how to read the body."""
    names = (b"content-type", b"content-length")
    return [(name.lower(), value) for name, value in response.headers.raw if name.lower() in names]


def main() -> None:
    """Serve until the parent process is gone."""
    parser = argparse.ArgumentParser(prog="python -m llmhub.bench.bare", description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, help="http://host:port")
    options = parser.parse_args()
    server = Granian(
        "bare",
        port=options.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        loop=Loops.asyncio,
        backlog=4096,
        log_level=LogLevels.error,
    )

    def load(*_: Any) -> Bare:
        child.die_with_parent(os.getppid())
        return Bare(options.upstream)

    server.serve(target_loader=load, wrap_loader=False)


if __name__ == "__main__":
    main()
