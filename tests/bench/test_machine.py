"""What the kernel says about processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from llmhub.bench import machine

SLEEPER = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)', 'mark'])"
)


@pytest.fixture
def parent():
    """A process with a child."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER], process_group=0) as process:
        while len(machine.family(process.pid)) < 2:
            assert process.poll() is None
        yield process.pid
        os.killpg(process.pid, 9)


def test_a_family_is_a_process_and_its_children(parent):
    family = machine.family(parent)

    assert len(family) == 2
    assert set(family) <= set(machine.family(os.getpid()))


def test_processes_are_found_by_whole_words_of_their_command_line(parent):
    child = machine.family(parent)[1:]

    assert machine.running(machine.family(parent), "mark") == child
    assert machine.running(machine.family(parent), "mar") == []


def test_what_is_shared_counts_once(parent):
    family = machine.family(parent)

    assert 0 < machine.shared_out(family) < sum(map(machine.resident, family))


def test_of_what_is_gone_nothing_is_said():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert machine.resident(gone.pid) == 0
    assert machine.running([gone.pid], sys.executable) == []
    machine.pin([gone.pid], {0})


def test_every_thread_is_pinned(parent):
    core = min(os.sched_getaffinity(0))

    machine.pin(machine.family(parent), {core})

    assert {frozenset(os.sched_getaffinity(pid)) for pid in machine.family(parent)} == {frozenset({core})}


def test_a_write_that_stays_takes_time(tmp_path):
    assert 0 < machine.sync_ms(tmp_path) < 1000
