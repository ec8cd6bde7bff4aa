"""What goes out of one exchange with a caller."""

from __future__ import annotations

import asyncio

import pytest

from routing.gateway.exchange import Exchange


def sent_headers(**answer_headers):
    sent = []

    async def send(message):
        sent.append(message)

    exchange = Exchange({"method": "GET", "path": "/", "headers": []}, None, send)
    exchange.answer_headers |= answer_headers
    asyncio.run(exchange.answer(b"{}"))
    return dict(sent[0]["headers"])


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("lab", b"lab"),
        ("lab\r\nset-cookie: a=b", b"lab??set-cookie: a=b"),
        ("l\0b\x7f", b"l?b?"),
        ("Gr\u00fc\u00dfe \U0001f600", b"Gr??e ?"),
    ],
)
def test_no_name_ends_a_header(named, told):
    assert sent_headers(name=named)[b"name"] == told
