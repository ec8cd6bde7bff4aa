"""Answers of any size cost a bounded amount of memory, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc to measure memory"
)
MIB = 1024 * 1024
CHILD = """
    import asyncio, json, sys, time
    import django
    django.setup()
    from providers.adapters import adapter_for
    from providers.client import Client, Timeouts
    from providers.errors import ProviderError
    from providers.sse import SseReader
    from providers.wire import Call

    def peak():  # of this process alone: ru_maxrss would begin with the peak of its parent
        rows = open("/proc/self/status").read().splitlines()
        return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("VmHWM"))

    async def ask(url, how):
        client, chat = Client(), adapter_for("custom", "chat")
        call = Call("POST", url, {"content-type": "application/json"}, b"{}")
        try:
            if how == "send":
                chat.parse_answer((await client.send(call)).content)
            elif how == "unbounded":
                await client.send(call, max_bytes=2**40)
            else:
                reader = SseReader()
                async with client.stream(call) as stream:
                    async for chunk in stream:
                        for event in reader.feed(chunk):
                            chat.parse_event(event.data)
        except ProviderError as error:
            return f"{type(error).__name__}: {error}"
        finally:
            await client.aclose()
        return "answered"

    warm, url, how = sys.argv[1], sys.argv[2], sys.argv[3]
    asyncio.run(ask(warm, how))
    before, begun = peak(), time.monotonic()
    said = asyncio.run(ask(url, how))
    print(json.dumps({"said": said, "extra": peak() - before, "seconds": time.monotonic() - begun}))
"""
SERVER = """
    import asyncio, sys, zlib

    SIZES = {"/gigabyte": 1024, "/line": 100, "/chunked": 1024}  # MiB
    CHUNK = b"x" * (1024 * 1024)

    async def answer(reader, writer):
        path = (await reader.readuntil(b"\\r\\n\\r\\n")).split()[1].decode()
        head = "HTTP/1.1 200 OK\\r\\nconnection: close\\r\\n"
        if path == "/warm":
            writer.write(f"{head}content-length: 2\\r\\n\\r\\n{{}}".encode())
        elif path == "/bomb":
            packer = zlib.compressobj(wbits=31)
            bomb = b"".join(packer.compress(CHUNK) for _ in range(256)) + packer.flush()
            head += f"content-encoding: gzip\\r\\ncontent-length: {len(bomb)}\\r\\n\\r\\n"
            writer.write(head.encode() + bomb)
        elif path == "/many":
            writer.write(f"{head}\\r\\n".encode())
            for _ in range(400):
                writer.write(b"data: {}\\n" * 10_000)
                await writer.drain()
        else:
            size = SIZES[path] * len(CHUNK)
            kind = "transfer-encoding: chunked" if path == "/chunked" else f"content-length: {size}"
            writer.write(f"{head}{kind}\\r\\n\\r\\n".encode())
            for _ in range(SIZES[path]):
                writer.write(b"100000\\r\\n" + CHUNK + b"\\r\\n" if path == "/chunked" else CHUNK)
                await writer.drain()
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def giant():
    """The address of a server of giant answers."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER)], stdout=subprocess.PIPE, text=True
    )
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.wait()


def measured(giant: str, path: str, how: str) -> dict:
    """What a client of its own process said, and its peak of memory over that of a small answer."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), f"{giant}/warm", f"{giant}/{path}", how]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.parametrize(
    ("path", "how", "said"),
    [
        ("gigabyte", "send", "TooLarge: the provider's answer is larger than 16777216 bytes"),
        ("chunked", "send", "TooLarge: the provider's answer is larger than 16777216 bytes"),
        ("line", "stream", "TooLarge: the provider sent a line of more than 1048576 bytes"),
        ("many", "stream", "TooLarge: the provider sent an event of more than 4194304 bytes"),
        ("bomb", "send", "BadReply: the provider sent a compressed answer that was not asked for"),
        ("bomb", "stream", "BadReply: the provider sent a compressed answer that was not asked for"),
    ],
)
def test_a_giant_answer_is_refused_within_64_mib_of_memory(giant, path, how, said):
    found = measured(giant, path, how)

    assert found["said"].startswith(said)
    assert found["extra"] < 64 * MIB, f"{found['extra'] / MIB:.0f} MiB"
    assert found["seconds"] < 10


def test_the_measure_sees_an_answer_that_is_not_bounded(giant):
    """The negative control: 100 MiB read whole."""
    assert measured(giant, "line", "unbounded")["extra"] > 100 * MIB
