"""What the simulator remembers: each hit, and who ended it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import httpx
import pytest

from tests.fixtures.simulator import ROOT
from tests.simulator.wire import CHAT, STREAM, connect


@pytest.fixture(autouse=True)
def _nothing_yet(simulator):
    simulator.clear()


def test_a_hit_keeps_path_headers_and_body(simulator):
    httpx.post(simulator.path("tokens/3") + "/chat/completions", json=CHAT, headers={"x-mark": "a"})

    (hit,) = simulator.hits()
    assert (hit["method"], hit["path"]) == ("POST", "/tokens/3/v1/chat/completions")
    assert hit["headers"]["x-mark"] == "a"
    assert json.loads(hit["body"]) == CHAT
    assert hit["status"] == 200


def test_hits_are_read_since_a_number_and_forgotten(simulator):
    for _ in range(3):
        httpx.get(simulator.path() + "/models")
    numbers = [hit["number"] for hit in simulator.hits()]

    assert [hit["number"] for hit in simulator.hits(since=numbers[0])] == numbers[1:]
    simulator.clear()
    assert simulator.hits() == []


def test_a_provider_becomes_another_one_at_the_same_address(simulator):
    url = simulator.path("now/turncoat", "tokens/3") + "/chat/completions"
    statuses = []
    for switches in ((), ("status/503", "retry_after/9"), ()):
        simulator.become("turncoat", *switches)
        answer = httpx.post(url, json=CHAT)
        statuses.append((answer.status_code, answer.headers.get("retry-after")))

    assert statuses == [(200, None), (503, "9"), (200, None)]
    assert httpx.post(simulator.path("now/other") + "/chat/completions", json=CHAT).status_code == 200


def test_a_provider_cannot_become_what_the_simulator_does_not_know(simulator):
    answer = httpx.put(f"{simulator.url}/_now/turncoat", content="statsu/503")

    assert answer.status_code == 400
    assert "did you mean 'status'?" in answer.text


def test_a_whole_answer_was_ended_by_the_simulator(simulator):
    answer = httpx.post(simulator.path() + "/chat/completions", json=CHAT)

    (hit,) = simulator.ended()
    assert hit["ended_by"] == "simulator"
    assert hit["sent_bytes"] == len(answer.content)


@pytest.mark.parametrize("switches", [("latency/5000",), ("hang",), ("speed/10",), ("hang_events/2",)])
def test_a_client_that_leaves_is_noticed_at_once(simulator, switches):
    with connect(simulator.path(*switches), STREAM) as sock:
        time.sleep(0.2)
        assert [hit["ended_by"] for hit in simulator.hits()] == [""]
        left = time.monotonic()
        sock.close()

    (hit,) = simulator.ended(within=1)
    assert time.monotonic() - left < 1
    assert hit["ended_by"] == "client"
    assert 150 <= hit["ended_after_ms"] < 2000


def test_a_cut_is_not_the_client_leaving(simulator):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(simulator.path("cut_events/2") + "/chat/completions", json=STREAM)

    assert simulator.ended()[0]["ended_by"] == "simulator"


def test_one_connection_carries_many_calls(simulator):
    with httpx.Client() as client:
        for body in (CHAT, STREAM, CHAT):
            assert client.post(simulator.path() + "/chat/completions", json=body).status_code == 200

    assert [hit["ended_by"] for hit in simulator.ended(3)] == ["simulator"] * 3


def test_a_client_that_hangs_holds_nobody_up(simulator):
    with connect(simulator.path("hang")), connect(simulator.path("endless"), STREAM):
        began = time.monotonic()
        answers = [httpx.post(simulator.path() + "/chat/completions", json=CHAT) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert time.monotonic() - began < 3


def test_a_chunked_request_body_is_read(simulator):
    httpx.post(simulator.path() + "/chat/completions", content=iter([json.dumps(CHAT).encode()]))

    assert json.loads(simulator.hits()[0]["body"]) == CHAT


def test_every_hit_is_a_line_of_the_log_file(tmp_path):
    log = tmp_path / "hits.jsonl"
    began = time.monotonic()
    command = [sys.executable, "-m", "llmhub.simulator", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            url = process.stdout.readline().strip()
            started = time.monotonic() - began
            httpx.post(url + "/v1/chat/completions", json=CHAT)
            httpx.get(url + "/v1/models")
        finally:
            process.kill()

    assert [json.loads(line)["number"] for line in log.read_text().splitlines()] == [1, 2]
    assert started < 5  # it is 0.15 s on an idle machine
