"""A body beyond the bound is refused while it comes, and the application reads no more of it."""

from __future__ import annotations

import asyncio

import pytest

from llmhub.lib.bounded import Bounded


def run(pieces, *, most=10, length=None, early=False):
    """What an application that collects the body got, and what the client was answered."""
    got, sent = [], []
    rest = [*pieces]

    async def app(scope, receive, send):
        if early:
            await send({"type": "http.response.start", "status": 403, "headers": []})
        while (message := await receive())["type"] == "http.request":
            got.append(message["body"])
            if not message["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        if not rest:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

    async def send(message):
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length)]
    scope = {"type": "http", "path": "/", "headers": headers}
    asyncio.run(Bounded(app, most=most)(scope, receive, send))
    return b"".join(got), [message["status"] for message in sent if "status" in message], rest


@pytest.mark.parametrize("pieces", [[b""], [b"x" * 10], [b"xxxxx", b"xxxxx"]])
def test_a_body_within_the_bound_is_handed_on(pieces):
    assert run(pieces) == (b"".join(pieces), [200], [])


def test_a_body_that_says_it_is_too_large_reaches_nobody():
    assert run([b"x" * 11], length=b"11") == (b"", [413], [])


@pytest.mark.parametrize("length", [None, b"1", b"nonsense"])
def test_of_a_body_that_becomes_too_large_no_more_is_handed_on(length):
    assert run([b"x" * 6, b"x" * 6, b"x" * 6], length=length) == (b"xxxxxx", [413], [])


def test_after_the_last_piece_nothing_more_is_waited_for():
    async def scene():
        pieces, sent = [{"type": "http.request", "body": b"x" * 11, "more_body": False}], []

        async def app(scope, receive, send):
            await receive()

        async def receive():
            return pieces.pop() if pieces else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "path": "/", "headers": []}
        await asyncio.wait_for(Bounded(app, most=10)(scope, receive, send), timeout=2)
        return sent[0]["status"]

    assert asyncio.run(scene()) == 413


def test_a_sender_without_end_is_heard_out_no_longer_than_the_bound():
    piece = b"x" * (4 * 1024 * 1024)

    assert len(run([piece] * 20, length=b"99999999")[2]) == 15


def test_an_answer_that_has_begun_is_left_alone():
    assert run([b"x" * 11], early=True)[1] == [403]
