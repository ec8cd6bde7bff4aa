"""The supervisor with small processes in place of the real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.up.test_child import ENVIRONMENT, gone, is_alive

PROGRAM = str(Path(__file__).with_name("supervise_sleepers.py"))


class Running:
    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, str(folder), *names],
            stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True,
        )  # fmt: skip

    def until_ready(self) -> Running:
        assert self.process.stdout.readline() == "READY\n"
        return self

    def notes(self, what: str) -> list[tuple[str, int]]:
        lines = (self.folder / "notes").read_text().splitlines()
        return [(name, int(pid)) for name, kind, pid in map(str.split, lines) if kind == what]

    def wait_for(self, condition, within=10.0):
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def supervise(tmp_path):
    running = []

    def start(*names):
        running.append(Running(tmp_path, *names))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()


def test_a_killed_process_is_started_again(supervise):
    hub = supervise("front:0", "worker:1").until_ready()
    (first,) = [pid for name, pid in hub.notes("started") if name == "worker"]

    os.kill(first, signal.SIGKILL)

    hub.wait_for(lambda: len(hub.notes("started")) == 3)
    assert is_alive(hub.notes("started")[-1][1])
    assert "worker was killed by signal 9" in hub.process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_front_first_and_the_store_last(supervise, number):
    hub = supervise("store:2", "front:0", "worker:1").until_ready()

    hub.process.send_signal(number)

    assert hub.process.wait(10) == 0
    assert [name for name, _ in hub.notes("left")] == ["front", "worker", "store"]


def test_what_does_not_stop_in_its_time_is_killed(supervise):
    hub = supervise("front:0", "stubborn:1").until_ready()

    hub.process.terminate()

    assert hub.process.wait(10) == 0
    assert "stubborn did not stop in 1 s: killed" in hub.process.stdout.read()
    assert all(gone(pid) for _, pid in hub.notes("started"))


def test_a_second_stop_does_not_wait(supervise):
    hub = supervise("stubborn:0", "worker:1").until_ready()
    hub.process.terminate()
    assert hub.process.stdout.readline() == "Stopping …\n"
    began = time.monotonic()

    hub.process.terminate()

    assert hub.process.wait(10) == 0
    assert time.monotonic() - began < 0.9  # the stubborn one alone has a second
    assert all(gone(pid) for _, pid in hub.notes("started"))


def test_killing_the_supervisor_leaves_nothing(supervise):
    hub = supervise("front:0", "stubborn:1", "store:2").until_ready()

    hub.process.kill()

    assert all(gone(pid, within=5) for _, pid in hub.notes("started"))


def test_a_reload_reaches_the_front_alone(supervise):
    hub = supervise("front:0", "worker:1").until_ready()

    hub.process.send_signal(signal.SIGHUP)

    hub.wait_for(lambda: hub.notes("reloaded"))
    time.sleep(0.2)
    assert [name for name, _ in hub.notes("reloaded")] == ["front"]


def test_what_never_starts_ends_the_supervisor_with_the_place_to_look(supervise):
    hub = supervise("front:0", "broken:1")

    assert hub.process.wait(20) == 1
    *_, last = hub.process.stdout.read().splitlines()
    assert last.startswith("broken ended with status 7 5 times in a row; see ")
    assert last.endswith("broken.log")
    assert all(gone(pid) for _, pid in hub.notes("started"))
