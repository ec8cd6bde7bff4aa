"""The client against real servers that misbehave: a defined error each, bounded in time and memory."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from providers.client import Client, Timeouts
from providers.errors import (
    BadReply,
    ProviderTimeout,
    ProviderUnavailable,
    TargetMisconfigured,
    TooLarge,
    Truncated,
)
from providers.wire import Call
from tests.providers.servers import OK, answer, cut, post, read_request, send_once, serving

FAST = Timeouts(connect=2.0, first_byte=0.3, idle=0.3, total=1.0)
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


def ask(reply, *, how="send", timeout=FAST, **options):
    """What a client gets from a server that answers with `reply`; and what the server saw."""

    async def run():
        client = Client()
        try:
            async with serving(reply) as server:
                if how == "send":
                    return await client.send(post(server.url), timeout=timeout, **options), server
                async with client.stream(post(server.url), timeout=timeout) as stream:
                    return b"".join([chunk async for chunk in stream]), server
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_an_answer_comes_back_whole_with_its_status_and_headers():
    reply, server = ask(answer(b'{"a":1}', "X-Request-Id: 7", status="418 Teapot"))

    assert (reply.status, reply.content, reply.headers["x-request-id"]) == (418, b'{"a":1}', "7")
    assert server.requests[0].endswith(b"\r\n\r\n{}")


def test_a_header_that_comes_twice_is_joined():
    reply, _ = ask(answer(b"{}", "Via: a", "VIA: b", "Content-Type: text/plain"))

    assert (reply.headers["via"], reply.headers["content-type"]) == ("a, b", "text/plain")


def test_a_request_carries_what_the_call_says_and_nothing_more():
    _, server = ask(OK)

    line, *headers = server.requests[0].decode().lower().removesuffix("\r\n\r\n{}").split("\r\n")
    assert line == "post /v1/chat/completions http/1.1"
    assert sorted(headers) == [
        "accept-encoding: identity",
        "accept: */*",
        "content-length: 2",
        f"host: {server.url.removeprefix('http://')}",
    ]


async def hang(reader, writer, seen):
    await asyncio.sleep(30)


async def half_a_chunk(reader, writer, seen):
    writer.write(CHUNKED + b"5\r\nab")
    await writer.drain()


async def a_chunk_and_then_nothing(reader, writer, seen):
    writer.write(CHUNKED + b"5\r\nabcde\r\n")
    await writer.drain()
    await asyncio.sleep(30)


async def a_letter_at_a_time(reader, writer, seen):
    for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def a_byte_of_body_at_a_time(reader, writer, seen):
    writer.write(CHUNKED)
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def nonsense_after_a_chunk(reader, writer, seen):
    writer.write(CHUNKED + b"5\r\nabcde\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.write(b"zz\r\nnonsense\r\n")
    await writer.drain()
    await asyncio.sleep(30)


async def reset_without_a_length(reader, writer, seen):
    writer.write(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"half": ')
    await writer.drain()
    await asyncio.sleep(0.1)
    lingering = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)


FAILURES = [
    (cut(b""), ProviderUnavailable),
    (b"\x00\x01\x02 garbage \xff\r\n\r\n", BadReply),
    (b"SSH-2.0-OpenSSH_9.2\r\n", BadReply),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", BadReply),
    (b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", BadReply),
    (cut(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf"), Truncated),
    (half_a_chunk, Truncated),
    (nonsense_after_a_chunk, Truncated),
    (reset_without_a_length, Truncated),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK, BadReply),
    (CHUNKED + b"zz\r\nnonsense\r\n", BadReply),
    (answer(b"", "location: http://127.0.0.1:1/", status="302 Found"), BadReply),
    (answer(b"", status="304 Not Modified"), BadReply),
    (answer(gzip.compress(b"{}", mtime=0), "content-encoding: gzip"), BadReply),
    (answer(b"{}", "content-encoding: br, gzip"), BadReply),
    (hang, ProviderTimeout),
    (a_letter_at_a_time, ProviderTimeout),
    (a_chunk_and_then_nothing, ProviderTimeout),
    (a_byte_of_body_at_a_time, ProviderTimeout),
]


@pytest.mark.parametrize("how", ["send", "stream"])
@pytest.mark.parametrize(("reply", "error"), FAILURES)
def test_every_misbehaviour_is_a_defined_error_in_time(reply, error, how):
    begun = time.monotonic()

    with pytest.raises(error) as caught:
        ask(reply, how=how)

    assert type(caught.value) is error
    assert time.monotonic() - begun < 8  # the servers that hang do so for 30 s
    assert "\n" not in caught.value.message


def test_a_slow_answer_has_all_its_time_but_a_stream_must_begin():
    async def slow(reader, writer, seen):
        await asyncio.sleep(0.5)
        writer.write(answer(b'{"late":1}'))
        await writer.drain()

    assert ask(slow, how="send")[0].content == b'{"late":1}'
    with pytest.raises(ProviderTimeout, match="did not begin"):
        ask(slow, how="stream")


def test_a_stream_may_last_as_long_as_it_keeps_sending():
    async def steady(reader, writer, seen):
        writer.write(CHUNKED)
        for _ in range(6):
            await asyncio.sleep(0.1)
            writer.write(b"1\r\nx\r\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    assert ask(steady, how="stream")[0] == b"xxxxxx"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nobody.invalid"])
def test_a_server_that_is_not_there_is_unavailable_and_no_timeout(host):
    async def run():
        client = Client()
        try:
            await client.send(post(f"http://{host}"), timeout=FAST)
        finally:
            await client.aclose()

    with pytest.raises(ProviderUnavailable) as caught:
        asyncio.run(run())

    assert type(caught.value) is ProviderUnavailable


@pytest.fixture
def self_signed(tmp_path):
    """What a server speaks TLS with that nobody vouches for."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "server.pem"
    file.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_that_nobody_vouches_for_is_named(self_signed):
    async def nothing(reader, writer):
        pass

    async def run():
        server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=self_signed)
        try:
            await send_once(post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        finally:
            server.close()

    with pytest.raises(ProviderUnavailable, match="certificate or TLS is not accepted") as caught:
        asyncio.run(run())

    assert not caught.value.was_sent


@pytest.mark.parametrize(
    "base", ["http://exa mple.com", "http://[::1", "ftp://example.com", "http://a..b", "http://"]
)
def test_an_address_that_is_none_is_our_misconfiguration(base):
    with pytest.raises((TargetMisconfigured, ProviderUnavailable)):
        asyncio.run(send_once(post(base)))


def test_a_header_that_would_end_its_line_is_never_sent():
    async def run():
        async with serving(OK) as server:
            with pytest.raises(TargetMisconfigured):
                await send_once(post(server.url, authorization="Bearer a\r\nx-evil: 1"))
            return server

    assert asyncio.run(run()).requests == []


@pytest.mark.parametrize(("method", "is_sent_again"), [("GET", True), ("POST", False)])
def test_only_a_call_that_reads_is_sent_again_when_a_kept_connection_ends_under_it(method, is_sent_again):
    async def answer_once(reader, writer, seen):
        writer.write(OK)
        await writer.drain()
        await read_request(reader)  # the next one on this connection is not answered

    async def run():
        client = Client()
        try:
            async with serving(answer_once) as server:
                call = Call(method, server.url, {}, b"{}" if method == "POST" else b"")
                await client.send(call, timeout=FAST)
                return (await client.send(call, timeout=FAST)).content
        finally:
            await client.aclose()

    if is_sent_again:
        assert asyncio.run(run()) == b"{}"
    else:
        with pytest.raises(ProviderUnavailable):
            asyncio.run(run())


def test_an_answer_has_a_bound_and_images_a_higher_one():
    big = answer(b"x" * 3 * MIB)

    assert len(ask(big, max_bytes=3 * MIB)[0].content) == 3 * MIB
    with pytest.raises(TooLarge, match="larger than 2097152 bytes") as caught:
        ask(big, max_bytes=2 * MIB)
    assert 2 * MIB < caught.value.seen_bytes <= 3 * MIB


def test_a_long_error_is_cut():
    assert len(ask(answer(b"x" * 3 * MIB, status="400 Bad Request"), max_bytes=MIB)[0].content) == MIB


@pytest.mark.parametrize("how", ["cancelled", "left"])
def test_leaving_closes_the_connection_upstream_at_once(how):
    """A provider that still generates is paid for: it must see that nobody listens."""
    gone = []

    async def endless(reader, writer, seen):
        writer.write(CHUNKED + b"1\r\nx\r\n")
        await writer.drain()
        assert await reader.read() == b""  # the client's end of the connection
        gone.append(time.monotonic())

    async def listen(client, url, started):
        async with client.stream(post(url)) as stream:
            await anext(stream)
            started.set()
            if how == "cancelled":
                await asyncio.sleep(30)

    async def run():
        client, started = Client(), asyncio.Event()
        async with serving(endless) as server:
            task = asyncio.create_task(listen(client, server.url, started))
            await started.wait()
            left = time.monotonic()
            if how == "cancelled":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            while not gone and time.monotonic() < left + 5:
                await asyncio.sleep(0.01)
            await client.aclose()
            return gone[0] - left

    assert asyncio.run(run()) < 1


def test_leaving_before_the_headers_closes_the_connection_too():
    gone = asyncio.Event()

    async def silent(reader, writer, seen):
        await reader.read()
        gone.set()

    async def run():
        client = Client()
        async with serving(silent) as server:
            task = asyncio.create_task(client.send(post(server.url)))
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait_for(gone.wait(), 1)
            await client.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("how", ["too late", "cancelled"])
def test_a_body_that_nobody_reads_is_not_kept_when_its_call_has_ended(how):
    """A frozen server would hold the memory of each call for as long as it is frozen."""
    frozen = socket.create_server(("127.0.0.1", 0))  # the system takes connections for it

    async def run():
        client = Client()
        address = f"http://127.0.0.1:{frozen.getsockname()[1]}"
        task = asyncio.create_task(client.send(Call("POST", address, {}, b"x" * 16 * MIB), timeout=FAST))
        await asyncio.sleep(0.2)
        left = transports_of(client)
        waiting = sum(transport.get_write_buffer_size() for transport in left)
        if how == "cancelled":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        after = sum(transport.get_write_buffer_size() for transport in left)
        await client.aclose()
        return waiting, after

    waiting, after = asyncio.run(run())
    frozen.close()

    assert 0 < waiting < MIB  # of sixteen: it is handed over as it is read
    assert after == 0


def test_a_large_body_arrives_whole_and_its_connection_is_kept():
    body = bytes(range(256)) * 32 * 1024
    call = Call("POST", "/", {}, body)

    async def run():
        client = Client()
        async with serving(OK) as server:
            for _ in range(2):
                await client.send(replace(call, url=server.url), timeout=Timeouts(total=20))
            kept = sum(map(len, client._connections._pool._conns.values()))
            await client.aclose()
            return server.requests, kept

    requests, kept = asyncio.run(run())

    assert [request.endswith(b"\r\n\r\n" + body) for request in requests] == [True, True]
    assert kept == 1


def test_an_answer_that_comes_before_the_body_was_read_is_the_answer_and_its_connection_ends():
    async def too_large(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"no", status="413 Too Large"))
        await writer.drain()
        await asyncio.sleep(5)

    async def run():
        client = Client()
        server = await asyncio.start_server(too_large, "127.0.0.1", 0, limit=1024)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        reply = await client.send(Call("POST", address, {}, b"x" * 16 * MIB), timeout=FAST)
        pool = client._connections._pool
        left = (len(pool._acquired), sum(map(len, pool._conns.values())))
        await client.aclose()
        server.close()
        return reply.status, reply.content, left

    assert asyncio.run(run()) == (413, b"no", (0, 0))


def transports_of(client):
    """What a client sends on at the moment."""
    return [protocol.transport for protocol in client._connections._pool._acquired]
