"""Small servers on real ports, each of which misbehaves in exactly one way."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from providers.client import Client, Timeouts
from providers.wire import Call

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Seen:
    """What reached the server."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)  # head and body of each
    closed: asyncio.Event = field(default_factory=asyncio.Event)  # the client closed a connection


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole HTTP answer."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def post(url: str, **headers: str) -> Call:
    """A call to a server."""
    return Call("POST", f"{url}/v1/chat/completions", headers, b"{}")


async def send_once(call: Call):
    """What a client of its own gets; it has little patience."""
    client = Client()
    try:
        return await client.send(call, timeout=Timeouts(connect=2.0, total=5.0))
    finally:
        await client.aclose()


def cut(content: bytes):
    """Write `content` and close the connection."""

    async def reply(reader, writer, seen) -> None:
        writer.write(content)
        await writer.drain()

    return reply


async def read_request(reader) -> bytes:
    """The next request on a connection, or b"" when there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)


@asynccontextmanager
async def serving(reply):
    """A server that answers every request with `reply`, or lets it write for itself if it is a function."""
    seen = Seen()
    connections = set()

    async def connection(reader, writer) -> None:
        connections.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.CancelledError):
            while request := await read_request(reader):
                seen.requests.append(request)
                if callable(reply):
                    await reply(reader, writer, seen)
                    break
                writer.write(reply)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@contextmanager
def serving_in_a_thread(reply):
    """The same server for code that is not async; it runs in a thread of its own."""
    ready = queue.Queue()

    async def run() -> None:
        async with serving(reply) as seen:
            ended = asyncio.Event()
            ready.put((seen, asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    seen, loop, ended = ready.get(timeout=5)
    try:
        yield seen
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)
