"""A stop loses nothing: short calls finish, long ones end with an error and a record."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import urllib.request

import openai
import pytest


@pytest.fixture
def own(make_gateway):
    gateway = make_gateway()
    gateway.start(LLMHUB_GRACE_SECONDS="2")
    yield gateway
    if gateway.process.poll() is None:
        gateway.kill()


def in_background(function) -> tuple[threading.Thread, dict]:
    """Run `function` in a thread; its outcome lands in the dict."""
    outcome = {}

    def run():
        try:
            outcome["answer"] = function()
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_what_fits_in_the_grace_time_finishes_and_the_rest_is_interrupted(own, simulator):
    made = own.make_all(
        {
            "short": {"at": [simulator.path("tokens/60", "speed/60", tag="stop-short")]},
            "long": {"at": [simulator.path("tokens/3000", "speed/50", tag="stop-long")]},
            "whole": {"at": [simulator.path("latency/20000", tag="stop-whole")]},
        }
    )
    short, short_outcome = in_background(lambda: list(made["short"].stream()))
    long, long_outcome = in_background(lambda: list(made["long"].stream()))
    whole, whole_outcome = in_background(made["whole"].ask)
    for tag in ("stop-short", "stop-long", "stop-whole"):
        own.until(lambda tag=tag: simulator.hits(tag), within=5)
    time.sleep(0.3)

    began = time.monotonic()
    code = own.stop()
    took = time.monotonic() - began
    for thread in (short, long, whole):
        thread.join(5)

    print(f"stopped after {took:.1f} s with {code}")
    assert short_outcome["answer"][-1].choices[0].finish_reason
    assert long_outcome["error"].body["code"] == "shutting_down"
    assert whole_outcome["error"].status_code == 503
    assert [own.records(made[name])[0].status for name in made] == ["ok", "interrupted", "interrupted"]
    assert [own.records(made[name])[0].http_status for name in made] == [200, 200, 503]
    interrupted = own.records(made["long"])[0]
    assert interrupted.cost_source == "estimated"
    assert interrupted.output_tokens > 10
    assert own.reservations() == 0
    assert took < 8


@pytest.mark.parametrize(
    ("held_for", "end", "left"),
    [(2, b"data: [DONE]\n\n", 0), (9, b'"code":"not_written_yet"', 1)],
    ids=["written", "killed before"],
)
def test_a_stream_that_waits_for_its_record_when_the_stop_comes_hears_how_it_ended(
    own, simulator, held_for, end, left
):
    model = own.make(at=[simulator.path("first/500", "tokens/3", tag=f"stop-settle-{held_for}")])
    reading, outcome = in_background(lambda: raw_stream(model))
    own.until(lambda: simulator.hits(f"stop-settle-{held_for}"), within=5)
    holder = sqlite3.connect(own.home / "llmhub.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    time.sleep(1)  # the stream is over, its settle waits

    own.process.terminate()
    time.sleep(held_for + 0.7)  # the grace time is 2 s
    holder.close()
    reading.join(10)
    own.process.wait(20)

    assert end in outcome["answer"][-700:]
    assert own.reservations() == left  # what is left is the sweeper's
    assert [record.status for record in own.records(model)] == ["ok"] * (1 - left)


def raw_stream(model) -> bytes:
    """All bytes of a stream."""
    body = {"model": model.name, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    headers = {"authorization": f"Bearer {model.key}", "content-type": "application/json"}
    url = f"{model.gateway.url}/v1/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def test_a_stopping_process_admits_nothing_more(own, simulator):
    model = own.make(at=[simulator.path("tokens/100", "speed/60", tag="drain")])
    client = model.client()
    thread, outcome = in_background(lambda: list(model.stream()))
    client.models.list()  # a connection that is kept
    own.until(lambda: simulator.hits("drain"), within=5)

    own.process.terminate()
    time.sleep(0.5)

    with pytest.raises((openai.InternalServerError, openai.APIConnectionError)) as caught:
        client.models.list()
    thread.join(10)
    if isinstance(caught.value, openai.InternalServerError):
        assert caught.value.code == "shutting_down"
        assert caught.value.response.headers["retry-after"] == "1"
    assert outcome["answer"]
