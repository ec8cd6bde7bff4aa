"""Two gateway processes on one SQLite file; tests/compose does the same on Postgres."""

from __future__ import annotations

import http.client
import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from llmhub.lib import ids
from tests.compose import load


@pytest.fixture
def pair(make_gateway):
    first = make_gateway()
    first.start()
    second = replace(first, port=0, process=None)
    second.start()
    yield first, second
    if second.process.poll() is None:
        second.kill()


def test_each_call_is_recorded_once_under_an_id_of_its_own(pair, simulator):
    first, second = pair
    model = first.make(at=[simulator.path(tag="two")])
    second.until(lambda: second.get(f"/v1/models/{model.name}", key=model.key)[0] == 200)

    outcomes = load.calls(
        [first.url, second.url], model.key, model.name, clients=8, goes_on=lambda done: done <= 192
    )

    records = {ids.request_id(record.pk): record.status for record in first.records(model)}
    assert [outcome.text for outcome in outcomes if outcome.status != 200] == []
    assert len({outcome.request_id for outcome in outcomes}) == len(outcomes) == 200
    assert records == {outcome.request_id: "ok" for outcome in outcomes}
    assert len({worker_bits(request_id) for request_id in records}) == 2


def test_a_flood_of_refusals_is_counted_to_the_last_and_leaves_one_record_a_minute(pair, simulator):
    first, second = pair
    model = first.make(at=[simulator.path(tag="two-refused")])
    second.until(lambda: second.get(f"/v1/models/{model.name}", key=model.key)[0] == 200)
    before = transactions(first)

    with ThreadPoolExecutor(8) as pool:
        statuses = [
            status for some in pool.map(refusals_of, [first, second] * 4, [model] * 8) for status in some
        ]
    written = transactions(first) - before
    for gateway in pair:
        assert gateway.stop() == 0  # what is not written yet is written now

    found = first.refusals(model)
    minutes = [row.pk // ids.PER_MINUTE for row in found]
    assert statuses == [404] * 1600
    assert sum(row.refusals for row in found) == 1600
    assert len(set(minutes)) == len(minutes) <= 2
    assert written == 0  # they take no turn of the calls


def refusals_of(gateway, model) -> list[int]:
    """The statuses of 200 calls of a model that is not there, over one connection."""
    connection, found = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20), []
    body = json.dumps({"model": "nobody", "messages": [{"role": "user", "content": "x"}]})
    for _ in range(200):
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {model.key}"})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    return found


def transactions(gateway) -> int:
    """How many batches of calls its ledger has written."""
    with urllib.request.urlopen(f"{gateway.url}/metrics", timeout=5) as answer:
        return int(float(re.search(r"\nllmhub_ledger_batches_total (\S+)", answer.read().decode())[1]))


def worker_bits(request_id: str) -> int:
    return ids.parse_request_id(request_id) >> ids.WORKER_SHIFT & ids.WORKERS - 1


def test_a_key_that_is_revoked_dies_in_both(pair, simulator):
    from billing.models import ApiKey
    from llmhub.lib import clock

    first, second = pair
    model = first.make(at=[simulator.path(tag="two-revoked")])
    for gateway in pair:
        gateway.until(lambda gateway=gateway: gateway.get("/v1/models", key=model.key)[0] == 200)

    first.change(lambda: ApiKey.objects.filter(pk=model.key_id).update(revoked_at=clock.now()))

    second.until(lambda: second.get("/v1/models", key=model.key)[0] == 401, within=5)
