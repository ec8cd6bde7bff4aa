"""Two gateway processes on one SQLite file; tests/compose does the same on Postgres."""

from __future__ import annotations

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
