"""A process of the hub does not outlive who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
# Starts a sleeper in the way under test and waits to be killed; the sleeper prints its pid.
STARTER = """
import os, subprocess, sys, time
command = [sys.executable, "-c", {sleep!r}]
if {bound}:
    command = [sys.executable, "-P", "-m", "llmhub.up.child", str(os.getpid()), "0", *command]
subprocess.Popen(command, start_new_session=True)
time.sleep(60)
"""
WATCHED = """
import os, sys, time
from llmhub.up.child import watch
watch(int(sys.argv[1]))
if os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(60)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid, within=5.0):
    deadline = time.monotonic() + within
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def started(source, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        stdout=subprocess.PIPE, text=True, start_new_session=True, env=ENVIRONMENT,
    )  # fmt: skip
    return process, int(process.stdout.readline())


def test_it_dies_when_its_starter_is_killed():
    starter, pid = started(STARTER.format(sleep=SLEEP, bound=True))

    starter.kill()

    assert gone(pid)
    starter.wait()


def test_without_the_wrapper_it_would_live_on():
    starter, pid = started(STARTER.format(sleep=SLEEP, bound=False))

    starter.kill()
    starter.wait()

    assert not gone(pid, within=0.5)
    os.kill(pid, signal.SIGKILL)


def test_it_does_not_start_for_a_parent_that_is_gone_already():
    command = [sys.executable, "-P", "-m", "llmhub.up.child", "999999999", "0", sys.executable, "-c", SLEEP]

    assert subprocess.run(command, env=ENVIRONMENT, timeout=10).returncode == 1


def test_it_runs_at_the_priority_it_was_given():
    program = "import os; print(os.nice(0))"
    command = [
        sys.executable,
        "-P",
        "-m",
        "llmhub.up.child",
        str(os.getpid()),
        "5",
        sys.executable,
        "-c",
        program,
    ]

    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=10)

    assert int(done.stdout) == os.nice(0) + 5


@pytest.mark.parametrize("victim", ["leader", "parent"])
def test_the_watcher_of_other_systems_ends_the_whole_group(victim):
    parent = subprocess.Popen([sys.executable, "-c", SLEEP], stdout=subprocess.DEVNULL)
    leader, member = started(WATCHED, str(parent.pid))

    {"leader": leader, "parent": parent}[victim].kill()
    {"leader": leader, "parent": parent}[victim].wait()

    assert gone(member)
    assert gone(leader.pid)
    parent.kill()
    parent.wait()
    leader.wait()
