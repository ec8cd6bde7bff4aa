"""What one call must never tell another, or anybody else."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from llmhub.lib import egress
from providers.client import Client, Timeouts
from providers.errors import BadReply, TargetMisconfigured
from tests.providers.servers import OK, answer, post, read_request, send_once, serving


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
        """The negative control: a session as it comes."""
        jar = aiohttp.CookieJar(unsafe=True)  # of addresses too, as of names
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            for _ in range(2):
                await session.post(url, data=b"{}")

    assert b"cookie" not in second_request(ours).lower()
    assert b"cookie: caller=first" in second_request(careless).lower()


def test_connections_are_kept_and_there_is_no_bound_on_how_many():
    connections, all_there = [], asyncio.Event()

    async def when_all_are_there(reader, writer, seen):
        connections.append(writer)
        if len(connections) == 150:
            all_there.set()
        while True:
            await all_there.wait()  # with a hundred at a time this moment never comes
            writer.write(OK)
            await writer.drain()
            await read_request(reader)

    async def run():
        client = Client()
        async with serving(when_all_are_there) as server:
            await asyncio.gather(
                *(client.send(post(server.url), timeout=Timeouts(total=20)) for _ in range(150))
            )
            await client.send(post(server.url))
            await client.aclose()

    asyncio.run(run())

    assert len(connections) == 150


def test_an_answer_that_comes_unasked_is_not_given_to_the_next_caller():
    async def answers_twice(reader, writer, seen):
        writer.write(answer(b'"own"'))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(answer(b'"of somebody else"'))
        await writer.drain()
        await read_request(reader)

    async def run():
        client = Client()
        async with serving(answers_twice) as server:
            first = await client.send(post(server.url))
            await asyncio.sleep(0.2)
            second = await client.send(post(server.url), timeout=Timeouts(total=5))
            await client.aclose()
            return first.content, second.content

    assert asyncio.run(run()) == (b'"own"', b'"own"')


def test_a_server_that_talks_before_it_is_asked_speaks_no_http():
    async def run():
        async def greet(reader, writer):
            writer.write(b"220 mail.test ESMTP\r\n")
            await asyncio.sleep(5)

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        try:
            await send_once(post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        finally:
            server.close()

    with pytest.raises(BadReply, match="does not speak HTTP"):
        asyncio.run(run())


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    async def run():
        async with serving(OK) as proxy, serving(OK) as server:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv("NO_PROXY", "")
            await send_once(post(server.url))
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
