"""One supervised process: its group, its log, its restarts."""

from __future__ import annotations

import os
import sys
import time

import pytest

from llmhub.up.process import Process, Spec, restart_delay
from tests.up.test_child import ENVIRONMENT, gone, is_alive

FORKS = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"


@pytest.fixture
def process_of(tmp_path):
    made = []

    def make(program: str) -> Process:
        spec = Spec("sample", (sys.executable, "-u", "-c", program))
        made.append(Process(spec, log=tmp_path / "sample.log", environment=ENVIRONMENT))
        return made[-1]

    yield make
    for process in made:
        process.kill()


def printed(folder) -> set[int]:
    log = folder / "sample.log"
    return {int(line) for line in log.read_text().split()} if log.exists() else set()


def wait_for(condition, within=10.0):
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0.2), (1, 0.2), (2, 0.4), (3, 0.8), (6, 6.4), (7, 10.0), (1000, 10.0)]
)
def test_each_failure_in_a_row_doubles_the_wait(failures, seconds):
    assert restart_delay(failures) == pytest.approx(seconds)


def test_what_it_prints_is_in_its_log(process_of, tmp_path):
    process = process_of("print('hello')")

    process.start()

    assert wait_for(lambda: process.exit_status() is not None)
    assert (tmp_path / "sample.log").read_text() == "hello\n"


def test_an_orphan_is_killed_when_the_leader_dies(process_of, tmp_path):
    process = process_of(FORKS)
    process.start()
    pids = wait_for(lambda: len(pids := printed(tmp_path)) == 2 and pids)
    (orphan,) = pids - {process.pid}

    os.kill(process.pid, 9)

    assert is_alive(orphan)  # nothing but us will end it
    assert wait_for(process.exit_status) == -9
    assert gone(orphan)


def test_deaths_in_a_row_are_counted_and_delay_the_next_start(process_of):
    process = process_of("raise SystemExit(3)")

    for expected in (1, 2):
        process.start()
        assert wait_for(process.exit_status) == 3
        assert process.failures == expected
    assert process.due > time.monotonic()


def test_a_long_log_is_moved_aside_while_the_process_writes_on(process_of, tmp_path, monkeypatch):
    monkeypatch.setattr("llmhub.up.process._LOG_BYTES", 1000)
    process = process_of("import time\nwhile True: print('x' * 99); time.sleep(0.01)")
    process.start()
    log = tmp_path / "sample.log"
    wait_for(lambda: log.stat().st_size > 1000)

    process.trim_log()

    assert (tmp_path / "sample.log.1").stat().st_size > 1000
    assert log.stat().st_size < 1000
    wait_for(lambda: "x" * 99 in log.read_text())
    assert "\0" not in log.read_text()
