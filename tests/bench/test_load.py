"""The load generator against a provider that counts, and the passthrough that it is compared with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import msgspec
import pytest

from llmhub.bench.figures import Job, Sample
from llmhub.up.ready import free_port
from tests.fixtures.simulator import ROOT
from tests.simulator.wire import CHAT, STREAM


@pytest.fixture(scope="module")
def load():
    command = [sys.executable, "-m", "llmhub.bench.load"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:

        def run(job: Job) -> Sample:
            process.stdin.write(msgspec.json.encode(job).decode() + "\n")
            process.stdin.flush()
            return msgspec.json.decode(process.stdout.readline(), type=Sample)

        yield run
        process.stdin.close()


def job(base_url: str, body: dict = CHAT, **how) -> Job:
    address, _, path = base_url.removeprefix("http://").partition("/")
    defaults = {
        "expects": "data: [DONE]" if body is STREAM else "}",
        "seconds": 5,
        "most": 40,
        "connections": 4,
    }
    return Job(address, "POST", f"/{path}/chat/completions", {}, json.dumps(body), **{**defaults, **how})


@pytest.mark.parametrize("body", [CHAT, STREAM])
def test_every_call_it_counts_arrived(load, simulator, body):
    simulator.clear()

    sample = load(job(simulator.path(tag="load"), body))

    assert (sample.calls, sample.failed) == (40, 0)
    assert len(simulator.hits("load")) == 40


def test_it_stops_when_the_time_is_over(load, simulator):
    began = time.monotonic()

    sample = load(job(simulator.path("latency/20"), seconds=0.5, most=10_000))

    assert 0.5 <= time.monotonic() - began < 5
    assert 4 <= sample.calls <= 4 * 26


def test_times_are_those_of_the_provider(load, simulator):
    plain = load(job(simulator.path("latency/50"), most=8))
    stream = load(job(simulator.path("tokens/10", "first/40", "speed/100"), STREAM, most=8))

    assert plain.p50 >= 50
    assert stream.first_p50 >= 40
    assert stream.p50 >= 40 + 90  # a busy machine may see the first one late, the last one never early


@pytest.mark.parametrize("fault", ["status/503", "cut/20", "reset", "html", "not_http"])
def test_what_is_no_good_answer_is_counted_as_failed(load, simulator, fault):
    sample = load(job(simulator.path(fault), most=6))

    assert (sample.calls, sample.failed) == (6, 6)
    assert sample.failure


def test_a_stream_without_its_end_is_failed(load, simulator):
    assert load(job(simulator.path("no_done"), STREAM, most=4)).failed == 4


def test_nobody_there_is_failed(load):
    assert load(replace(job("http://127.0.0.1:1/v1"), most=3)).failed == 3


@pytest.fixture(scope="module")
def bare(simulator):
    """A function: a running passthrough to this server, as its own address."""
    running = []

    def start(upstream: str) -> str:
        port = free_port()
        command = [sys.executable, "-m", "llmhub.bench.bare", "--port", str(port)]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "llmhub.settings"}
        running.append(subprocess.Popen([*command, "--upstream", upstream], cwd=ROOT, env=environment))
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
                return f"http://127.0.0.1:{port}"
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the passthrough does not answer")

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def test_the_passthrough_changes_nothing(bare, simulator):
    address = bare(simulator.url) + simulator.path("tokens/12").removeprefix(simulator.url)

    for body in (CHAT, STREAM):
        straight = httpx.post(simulator.path("tokens/12") + "/chat/completions", json=body)
        through = httpx.post(address + "/chat/completions", json=body)
        assert _without_ids(through.text) == _without_ids(straight.text)
        assert through.headers["content-type"] == straight.headers["content-type"]


def _without_ids(text: str) -> list:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line and "[DONE]" not in line]
    return [{k: v for k, v in json.loads(line).items() if k not in {"id", "created"}} for line in lines]
