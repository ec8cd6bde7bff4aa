"""A gateway and a console to put behind the front: they tell what they got."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from llmhub.front import Front
from llmhub.lib import forwarded
from llmhub.relay import Relay

NOTES = Path(os.environ["NOTES"])


def note(text: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{text}\n")


async def gateway(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{phase}"
            note(f"gateway {phase}")
            await send({"type": f"lifespan.{phase}.complete"})
        return
    await answer(send, {"from": "gateway", "client": scope["client"][0], "scheme": scope["scheme"]})


async def console(scope, receive, send):
    path = scope["path"]
    if path == "/drip":
        await drip(receive, send)
    elif path == "/cut":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(0.2)  # so that it is on its way
        os._exit(1)
    elif path == "/early":
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b"too much", "more_body": True})
        await everything(receive)  # as the console does: who closes with a body unread may reset its answer
        await send({"type": "http.response.body", "body": b""})
    else:
        body, pieces = await everything(receive)
        headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
        raw = scope["raw_path"].decode("latin-1")
        told = {
            "from": "console",
            "method": scope["method"],
            "path": raw,
            "query": scope["query_string"].decode(),
        }
        await answer(send, {**told, "headers": headers, "length": len(body), "pieces": pieces}, *COOKIES)


COOKIES = (
    (b"set-cookie", b"a=1"),
    (b"set-cookie", b"b=2"),
    (b"connection", b"x-private"),
    (b"x-private", b"1"),
)


async def everything(receive):
    body, pieces = b"", 0
    while True:
        message = await receive()
        body += message.get("body", b"")
        pieces += 1
        if not message.get("more_body"):
            return body, pieces


async def drip(receive, send):
    """Send a line every 50 ms until the client leaves."""
    await everything(receive)
    leaving = asyncio.ensure_future(receive())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    while not leaving.done():
        await send({"type": "http.response.body", "body": b"drop\n", "more_body": True})
        await asyncio.wait({leaving}, timeout=0.05)
    note("client left")


async def answer(send, value, *headers):
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": 200, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


CONSOLE = os.environ["CONSOLE"]
front = Front(
    gateway=gateway,
    relay=Relay(CONSOLE if "://" in CONSOLE else Path(CONSOLE)),
    trusted=forwarded.networks(filter(None, os.environ.get("TRUSTED", "").split(","))),
)
