"""R-17: when the ledger cannot be written, no call is free, none is a 401, and all is well afterwards."""

from __future__ import annotations

import sqlite3
import threading
import time

import openai
import pytest

from tests.gateway.test_content import keep


@pytest.fixture(scope="module")
def own(make_gateway):
    gateway = make_gateway()
    gateway.start()
    yield gateway
    gateway.kill()


@pytest.fixture
def held(own):
    """A function: hold the database so that nobody else can write; it is let go at the end."""
    connection = sqlite3.connect(own.home / "llmhub.db", isolation_level=None, check_same_thread=False)
    yield lambda: connection.execute("BEGIN IMMEDIATE")
    connection.close()


def test_a_call_is_refused_with_503_and_served_again_within_five_seconds(own, simulator, held):
    model = own.make(at=[simulator.path(tag="ledger-gone")])
    connection = held().connection

    with pytest.raises(openai.InternalServerError) as caught:
        model.ask()
    connection.rollback()
    took = own.until(lambda: answered(model), within=5)

    print(f"served again {took:.2f} s after the database was back")
    assert (caught.value.status_code, caught.value.code) == (503, "ledger_unavailable")
    assert caught.value.response.headers["retry-after"]
    assert len(simulator.hits("ledger-gone")) == 1
    assert own.records(model)[0].status == "ok"


def test_readyz_says_no_as_soon_as_a_call_was_refused_because_nothing_can_be_written(own, simulator, held):
    model = own.make(at=[simulator.path()])
    connection = held().connection

    with pytest.raises(openai.InternalServerError):
        model.ask()
    ready = own.ready()
    connection.rollback()

    assert (ready["ready"], ready["reasons"]) == (False, ["the ledger cannot be written"])
    own.until(lambda: own.ready()["ready"], within=5)


def test_a_stream_ends_with_an_error_and_is_recorded_when_the_database_is_back(own, simulator, held):
    model = own.make(at=[simulator.path("tokens/60", "speed/60", "first/300")])
    stream = iter(model.stream())
    chunks = [next(stream)]
    connection = held().connection

    began = time.monotonic()
    with pytest.raises(openai.APIError) as caught:
        chunks += list(stream)
    took = time.monotonic() - began
    connection.rollback()

    assert caught.value.body["code"] == "not_written_yet"
    assert 5 < took < 20
    own.until(lambda: own.records(model), within=10)
    assert own.records(model)[0].status == "ok"
    assert own.reservations() == 0


def test_a_call_that_was_served_is_not_sent_again_when_it_cannot_be_written(own, simulator, held):
    model = own.make(at=[simulator.path("latency/1000", tag="served-once")])
    keep(own, model)
    once = {"idempotency-key": "written-late"}
    held_by_another = threading.Thread(target=_hold, args=(own, simulator, held, 13))
    held_by_another.start()

    with pytest.raises(openai.InternalServerError) as caught:
        model.client(max_retries=2, timeout=40).chat.completions.create(
            model=model.name, messages=[{"role": "user", "content": "x"}], extra_headers=once
        )
    held_by_another.join()

    headers, body = caught.value.response.headers, caught.value.body
    assert (caught.value.status_code, body["code"], body["retryable"]) == (503, "not_written_yet", False)
    assert headers["x-should-retry"] == "false"
    assert "retry-after" not in headers
    assert len(simulator.hits("served-once")) == 1
    own.until(lambda: own.record(body["details"]["request_id"]), within=10)
    assert own.record(body["details"]["request_id"]).cost_nano > 0
    with pytest.raises(openai.ConflictError) as repeated:  # and never the error above as its answer
        model.ask("x", extra_headers=once)
    assert repeated.value.code == "already_done"


def _hold(own, simulator, held, seconds):
    """Hold the database once the provider has the call: it is reserved, and cannot be settled."""
    own.until(lambda: simulator.hits("served-once"), within=5)
    connection = held().connection
    time.sleep(seconds)
    connection.rollback()


def answered(model) -> bool:
    try:
        return bool(model.ask())
    except openai.InternalServerError:
        return False


# --- the negative controls ---------------------------------------------------------------------------


@pytest.fixture
def defective(make_gateway, simulator):
    """A function: a gateway with a defect, a model, and its database held by somebody until it is let go."""
    opened = []

    def make(defect: str, tag: str):
        gateway = make_gateway()
        gateway.start(defect)
        model = gateway.make(at=[simulator.path(tag=tag)])
        holder = sqlite3.connect(gateway.home / "llmhub.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        opened.append((gateway, holder))
        return model, holder

    yield make
    for gateway, holder in opened:
        holder.close()
        gateway.kill()


def test_a_ledger_that_lets_calls_pass_would_serve_them_unmetered(defective, simulator):
    model, holder = defective("open_handed", "unmetered")

    assert answered(model)

    holder.rollback()
    assert len(simulator.hits("unmetered")) == 1
    assert model.gateway.records(model) == []


def test_a_ledger_that_is_not_tried_again_would_need_a_restart(defective):
    model, holder = defective("sulking", "sulking")

    assert not answered(model)
    holder.rollback()
    time.sleep(2)

    assert not answered(model)
