"""R-05: the end of an answer is sent only when its settle is on disk; `kill -9` at any moment shows it.

`LLMHUB_KILLS=20` runs the figure of REQUIREMENTS; without it the small form runs.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time

from billing.models import UsageRecord
from billing.sweep import sweep
from llmhub.lib import ids
from tests.fixtures.gateway import later

KILLS = int(os.environ.get("LLMHUB_KILLS", "3"))
CLIENTS = 32


class Caller(threading.Thread):
    """Calls until told to stop, streamed and not in turn, and remembers what was acknowledged."""

    def __init__(self, model, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.model = model
        self.stop = stop
        self.acknowledged: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.model.gateway.port, timeout=5)
        stream = bool(random.getrandbits(1))
        while not self.stop.is_set():
            stream = not stream
            try:
                self.acknowledged += self._call(connection, stream=stream)
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.02)
        connection.close()

    def _call(self, connection, *, stream: bool) -> list[str]:
        body = {"model": self.model.name, "stream": stream, "messages": [{"role": "user", "content": "x"}]}
        headers = {"authorization": f"Bearer {self.model.key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        whole = content.endswith(b"data: [DONE]\n\n") if stream else bool(content)
        return [answer.headers["x-llmhub-request-id"]] if answer.status == 200 and whole else []


def round_of(gateway, model, *flags: str) -> list[str]:
    """Start, call from 32 clients, kill at a random moment; return what was acknowledged."""
    gateway.start(*flags)
    stop = threading.Event()
    callers = [Caller(model(), stop) for _ in range(CLIENTS)]
    for caller in callers:
        caller.start()
    time.sleep(random.uniform(0.3, 1.2))
    gateway.kill()
    stop.set()
    for caller in callers:
        caller.join(10)
    return [request_id for caller in callers for request_id in caller.acknowledged]


def lost(gateway, acknowledged: list[str]) -> list[str]:
    """The acknowledged calls that have no record."""
    with gateway.database():
        known = {ids.request_id(pk) for pk in UsageRecord.objects.values_list("pk", flat=True)}
    return [request_id for request_id in acknowledged if request_id not in known]


def rounds(make_gateway, simulator, count: int, *flags: str):
    """Yield after each kill what was acknowledged in it, and the gateway."""
    gateway, models = make_gateway(), []

    def model():
        if not models:
            models.append(gateway.make(at=[simulator.path("tokens/8", "latency/5", tag="killed")]))
        return models[0]

    for _ in range(count):
        yield gateway, round_of(gateway, model, *flags)


def test_no_acknowledged_call_is_without_a_record(make_gateway, simulator):
    simulator.clear()
    total, missing = 0, []
    for gateway, acknowledged in rounds(make_gateway, simulator, KILLS):
        total += len(acknowledged)
        missing += lost(gateway, acknowledged)

    with gateway.database():
        interrupted = sweep(later(hours=1))
        records = UsageRecord.objects.filter(refusals=0).count()
    hits = len(simulator.hits("killed"))
    print(f"{KILLS} kills: {total} acknowledged, {len(missing)} without a record; {interrupted} swept")
    assert total > 20 * KILLS
    assert missing == []
    assert records >= hits  # nothing that went out is forgotten either
    assert gateway.reservations() == 0


def test_settling_after_the_end_would_be_noticed(make_gateway, simulator):
    missing = []
    for gateway, acknowledged in rounds(make_gateway, simulator, 8, "late"):
        missing += lost(gateway, acknowledged)
        if missing:
            break

    print(f"with a late settle {len(missing)} acknowledged calls had no record")
    assert missing
