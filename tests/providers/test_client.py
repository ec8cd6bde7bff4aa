"""The client against real servers that misbehave: a defined error each, bounded in time and memory."""

from __future__ import annotations

import asyncio
import gzip
import time

import aiohttp
import pytest
from httpx_aiohttp import AiohttpTransport

from llmhub.lib import egress
from providers.client import Client, Timeouts
from providers.errors import BadReply, ProviderTimeout, ProviderUnavailable, TargetMisconfigured, Truncated
from providers.wire import Call
from tests.providers.servers import OK, answer, cut, read_request, serving

FAST = Timeouts(connect=2.0, first_byte=0.3, idle=0.3, total=1.0)
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


def post(url: str, content: bytes = b"{}", **headers: str) -> Call:
    return Call("POST", f"{url}/v1/chat/completions", headers, content)


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


def test_a_request_carries_what_the_call_says_and_nothing_more():
    _, server = ask(OK)

    line, *headers = server.requests[0].decode().lower().removesuffix("\r\n\r\n{}").split("\r\n")
    assert line == "post /v1/chat/completions http/1.1"
    assert sorted(headers) == [
        "accept-encoding: identity",
        "accept: */*",
        "content-length: 2",
        "content-type: application/octet-stream",  # every call of an adapter says its own
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


FAILURES = [
    (cut(b""), ProviderUnavailable),
    (b"\x00\x01\x02 garbage \xff\r\n\r\n", BadReply),
    (b"SSH-2.0-OpenSSH_9.2\r\n", BadReply),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", BadReply),
    (b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", BadReply),
    (cut(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf"), Truncated),
    (half_a_chunk, Truncated),
    (CHUNKED + b"zz\r\nnonsense\r\n", BadReply),
    (answer(b"", "location: http://127.0.0.1:1/", status="302 Found"), BadReply),
    (answer(b"", status="304 Not Modified"), BadReply),
    (answer(gzip.compress(b"{}"), "content-encoding: gzip"), BadReply),
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
    assert time.monotonic() - begun < 2
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


@pytest.mark.parametrize(
    "base", ["http://exa mple.com", "http://[::1", "ftp://example.com", "http://a..b", "http://"]
)
def test_an_address_that_is_none_is_our_misconfiguration(base):
    with pytest.raises((TargetMisconfigured, ProviderUnavailable)):
        asyncio.run(Client_send(post(base)))


def test_a_header_that_would_end_its_line_is_never_sent():
    async def run():
        async with serving(OK) as server:
            with pytest.raises(TargetMisconfigured):
                await Client_send(post(server.url, authorization="Bearer a\r\nx-evil: 1"))
            return server

    assert asyncio.run(run()).requests == []


async def Client_send(call: Call, **options):  # noqa: N802 -- a client for one call
    client = Client()
    try:
        return await client.send(call, timeout=FAST, **options)
    finally:
        await client.aclose()


def test_an_answer_has_a_bound_and_images_a_higher_one():
    big = answer(b"x" * 3 * MIB)

    assert len(ask(big, max_bytes=3 * MIB)[0].content) == 3 * MIB
    with pytest.raises(BadReply, match="larger than 2097152 bytes"):
        ask(big, max_bytes=2 * MIB)


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

    assert asyncio.run(run()) < 0.5


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


def second_request(client_of) -> bytes:
    """What the second caller's request says, after the first caller was given a cookie."""

    async def run():
        async with serving(answer(b"{}", "Set-Cookie: caller=first; Path=/")) as server:
            await client_of(server.url)
            return server.requests[1]

    return asyncio.run(run())


def test_no_cookie_of_one_caller_goes_out_with_the_next():
    async def ours(url):
        client = Client()
        for _ in range(2):
            await client.send(post(url))
        await client.aclose()

    async def careless(url):
        """The negative control: the transport as it comes."""
        jar = aiohttp.CookieJar(unsafe=True)  # of addresses too, as of names
        client = Client()
        await client.aclose()
        client._transport = AiohttpTransport(client=aiohttp.ClientSession(cookie_jar=jar))
        for _ in range(2):
            await client.send(post(url))
        await client.aclose()

    assert b"cookie" not in second_request(ours).lower()
    assert b"cookie: caller=first" in second_request(careless).lower()


def test_connections_are_kept_and_there_is_no_bound_on_how_many():
    connections = []

    async def slow(reader, writer, seen):
        connections.append(writer)
        while True:
            await asyncio.sleep(0.3)
            writer.write(OK)
            await writer.drain()
            await read_request(reader)

    async def run():
        client = Client()
        async with serving(slow) as server:
            begun = time.monotonic()
            await asyncio.gather(*(client.send(post(server.url)) for _ in range(150)))
            took = time.monotonic() - begun
            await client.send(post(server.url))
            await client.aclose()
            return took

    assert asyncio.run(run()) < 2  # a hundred at a time would wait for each other
    assert len(connections) == 150


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    async def run():
        async with serving(OK) as proxy, serving(OK) as server:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv("NO_PROXY", "")
            await Client_send(post(server.url))
            return proxy.requests, server.requests

    proxied, direct = asyncio.run(run())

    assert (len(proxied), len(direct)) == (0, 1)


def test_a_client_without_loopback_refuses_to_go_there():
    async def run():
        async with serving(OK) as server:
            client = Client(egress.Policy())
            try:
                await client.send(post(server.url))
            finally:
                await client.aclose()
                assert server.requests == []

    with pytest.raises(TargetMisconfigured, match="LLMHUB_EGRESS_ALLOW"):
        asyncio.run(run())


def test_a_credential_that_a_provider_quotes_does_not_come_back():
    async def echo(reader, writer, seen):
        writer.write(answer(seen.requests[0], status="500 Oops"))
        await writer.drain()

    async def run():
        async with serving(echo) as server:
            return await Client_send(post(server.url, authorization="Bearer canary-0001"))

    content = asyncio.run(run()).content

    assert b"authorization: bearer [credential]" in content.lower()
    assert b"canary" not in content
