"""The sockets of the simulator: HTTP/1.1 by hand, because a fault must control each byte.

An ASGI server would repair or forbid most of what is wanted here: a chunk that breaks off, a
length that lies, a reset. A client's leaving is noticed at once, not at the next write.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from llmhub.simulator.exchange import Answer, Hangup, Pause, Request, head
from llmhub.simulator.hits import Hit
from llmhub.simulator.provider import SimulatedProvider

HEAD_LIMIT = 262_144  # bytes of a request's head


class ClientConnection(asyncio.StreamReaderProtocol):
    """One client: its requests one after the other, and the moment at which it leaves."""

    def __init__(self, provider: SimulatedProvider) -> None:
        super().__init__(asyncio.StreamReader(limit=HEAD_LIMIT), self._serve)
        self._provider = provider
        self._answering: tuple[Hit, asyncio.Task[bool]] | None = None

    def eof_received(self) -> bool | None:
        """Stop answering a client that closed its side: it waits for nothing any more."""
        self._client_left()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop answering a client whose connection is gone."""
        self._client_left()
        super().connection_lost(exc)

    def _client_left(self) -> None:
        if self._answering is not None:
            hit, task = self._answering
            hit.end("client")
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until one of the two sides has enough."""
        try:
            while (request := await read_request(reader, writer)) is not None:
                if not await self._exchange(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the client broke off, or speaks no HTTP: there is nobody to tell
        finally:
            writer.close()

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request and log it; return whether the connection stays open."""
        control = self._provider.control(request)
        if control is not None:
            return await write(control, writer, None)
        hit = self._provider.hits.add(request)
        answer = self._provider.answer(hit)
        task = asyncio.ensure_future(_write_to_end(answer, writer, hit))
        self._answering = hit, task
        try:
            return await task
        except asyncio.CancelledError:
            if hit.ended_by != "client":
                raise
            return False
        finally:
            self._answering = None
            self._provider.hits.ended(hit)


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """Return the next request, or None when the client has no more. Raises `ValueError` on no HTTP."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _version = lines[0].split(" ")
    fields = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Request(method, target, headers, await _read_chunks(reader))
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a body that comes in chunks."""
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readuntil(b"\r\n")
    return body


async def _write_to_end(answer: Answer, writer: asyncio.StreamWriter, hit: Hit) -> bool:
    """Write `answer` and note that it is over before a client can be seen to leave."""
    stays_open = await write(answer, writer, hit)
    hit.end("simulator")
    return stays_open


async def write(answer: Answer, writer: asyncio.StreamWriter, hit: Hit | None) -> bool:
    """Write `answer` as it wants to be written; return whether the connection may be used again."""
    if answer.delay:
        await asyncio.sleep(answer.delay)
    chunked = answer.length is None and not answer.raw
    if not answer.raw:
        _note(hit, status=answer.status)
        writer.write(head(answer))
    for part in answer.parts:
        if isinstance(part, Hangup):
            await _hang_up(writer, part)
            return False
        if isinstance(part, Pause):
            await _wait(part)
            continue
        if part:
            writer.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            _note(hit, size=len(part))
            await writer.drain()
    if chunked:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return not answer.raw


def _note(hit: Hit | None, *, status: int = 0, size: int = 0) -> None:
    """Keep in the hit what was sent."""
    if hit is not None:
        hit.status = status or hit.status
        hit.sent_bytes += size


async def _wait(pause: Pause) -> None:
    """Wait as long as the pause says; only the client's leaving ends one without a number."""
    if pause.seconds is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(pause.seconds)


async def _hang_up(writer: asyncio.StreamWriter, how: Hangup) -> None:
    """Close the connection: with FIN once everything is written, or with RST at once."""
    if how.reset:
        linger = struct.pack("ii", 1, 0)  # on, for no time: the kernel sends RST
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    else:
        writer.close()


async def serve(provider: SimulatedProvider, host: str, port: int) -> asyncio.Server:
    """Return the listening server; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: ClientConnection(provider), host, port, backlog=1024)
