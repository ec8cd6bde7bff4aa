"""The load generator, a process of its own: reads jobs as lines of JSON, answers each with a sample.

It speaks HTTP/1.1 by hand on keep-alive connections: what a client library costs would be
measured along with the gateway.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from llmhub.bench.figures import Job, Sample, percentile


@dataclass
class Seen:
    """What all connections of a job saw together. Times are seconds."""

    whole: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    failed: int = 0
    failure: str = ""


class Refused(Exception):
    """An answer that is not what the job expects; the message is its beginning."""


async def run(job: Job) -> Sample:
    """Call as often as the job allows and return what was seen."""
    seen = Seen()
    began = time.monotonic()
    left = iter(range(job.most))
    deadline = began + job.seconds

    def may_call() -> bool:
        return time.monotonic() < deadline and next(left, None) is not None

    await asyncio.gather(*(_caller(job, seen, may_call) for _ in range(job.connections)))
    seconds = time.monotonic() - began
    whole, first = [t * 1000 for t in seen.whole], [t * 1000 for t in seen.first]
    return Sample(
        calls=len(whole) + seen.failed,
        failed=seen.failed,
        seconds=seconds,
        p50=percentile(whole, 0.5),
        p95=percentile(whole, 0.95),
        p99=percentile(whole, 0.99),
        first_p50=percentile(first, 0.5),
        first_p99=percentile(first, 0.99),
        failure=seen.failure,
    )


async def _caller(job: Job, seen: Seen, may_call: Callable[[], bool]) -> None:
    """Call one time after the other, on one connection as long as it holds."""
    host, _, port = job.address.partition(":")
    while may_call():
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                await _calls(job, seen, may_call, reader, writer)
            finally:
                writer.close()
        except (OSError, asyncio.IncompleteReadError, ValueError, Refused) as failure:
            seen.failed += 1
            seen.failure = seen.failure or f"{type(failure).__name__}: {failure}"[:200]


async def _calls(
    job: Job,
    seen: Seen,
    may_call: Callable[[], bool],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Make the call that was allowed, and more while they are."""
    request, ending = _request(job), job.expects.encode()
    while True:
        began = time.monotonic()
        writer.write(request)
        first = await _read_answer(reader, ending)
        seen.whole.append(time.monotonic() - began)
        seen.first.append(first - began)
        if not may_call():
            return


def _request(job: Job) -> bytes:
    """Return the request as it is written each time."""
    content = job.body.encode()
    headers = {"host": job.address, **job.headers, "content-length": str(len(content))}
    lines = [f"{job.method} {job.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


async def _read_answer(reader: asyncio.StreamReader, ending: bytes) -> float:
    """Read one whole answer and return when its first byte came. Raises `Refused`."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"transfer-encoding") == b"chunked":
        first, body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(fields.get(b"content-length", 0)))
        first = time.monotonic()
    if b" 200 " not in head[:16] or not body.rstrip().endswith(ending):
        raise Refused((head[:30] + body[:150]).decode("utf-8", "replace"))
    return first


async def _read_chunks(reader: asyncio.StreamReader) -> tuple[float, bytes]:
    """Return when the first chunk came, and the last one, which is all that is looked at."""
    first, last = 0.0, b""
    while size := int(await reader.readline(), 16):
        first = first or time.monotonic()
        last = (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return first, last


def main() -> None:
    """Do the jobs that come on standard input."""
    for line in sys.stdin:
        sample = asyncio.run(run(msgspec.json.decode(line, type=Job)))
        sys.stdout.write(msgspec.json.encode(sample).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
