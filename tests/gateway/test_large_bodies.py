"""Large bodies are read without holding up anybody else."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
import urllib.error
import urllib.request

import pytest

from routing.gateway.large import LargeBodies
from routing.gateway.once import once_for
from tests.gateway.values import CALLER

MIB = 1024 * 1024


def asking(content: bytes) -> bytes:
    return b'{"model":"nobody/nothing","messages":[{"role":"user","content":"%s"}]}' % content


BODIES = {
    "escaped quotes and brackets": asking(b'\\"[' * (28 * MIB // 3)),
    "small messages": b'{"model":"m","messages":['
    + b",".join([b'{"role":"","content":""}'] * 900_000)
    + b"]}",
}


def post(gateway, key: str, content: bytes) -> int:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(gateway.url + "/v1/chat/completions", content, headers)
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("name", BODIES)
def test_others_do_not_wait_for_three_large_bodies(gateway, simulator, name):
    model = gateway.make(at=[simulator.path()])
    told, waited = [], []
    senders = [
        threading.Thread(target=lambda: told.append(post(gateway, model.key, BODIES[name]))) for _ in range(3)
    ]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        began = time.monotonic()
        assert gateway.get("/healthz", timeout=20)[0] == 200
        waited.append(time.monotonic() - began)
        time.sleep(0.005)

    assert told in ([400] * 3, [404] * 3)
    # Measured at the worst: 0.03 to 0.12 s, once 0.8 s while other programs had the processors;
    # 1.4 to 2.9 s for each of the three when bodies were read in the event loop.
    assert sorted(waited)[len(waited) * 9 // 10] <= 0.25


@pytest.mark.parametrize(("size", "is_beside"), [(1000, False), (MIB, True)])
def test_a_large_body_is_digested_beside_the_event_loop(monkeypatch, size, is_beside):
    threads, digest = set(), hashlib.sha256

    def noted(*content):
        threads.add(threading.get_ident())
        return digest(*content)

    async def name():
        return await once_for(LargeBodies(), CALLER, "key-1", path="/v1/messages", content=b"x" * size)

    monkeypatch.setattr(hashlib, "sha256", noted)
    found = asyncio.run(name())

    assert len(found.body_digest) == len(found.digest) == 64
    assert (threading.get_ident() not in threads) == is_beside
