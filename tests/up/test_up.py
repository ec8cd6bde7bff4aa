"""The whole product, as `up` starts it: real processes, killed in every way."""

from __future__ import annotations

import os
import re
import signal
import stat
import time

import pytest

from tests.fixtures.hub import STARTED, environment_of, free_port, launch, running_hub, stop
from tests.up import table

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def busy_hub(tmp_path_factory):
    """A hub whose only periodic job runs every second."""
    home = tmp_path_factory.mktemp("up") / "home"
    with running_hub(home, LLMHUB_SWEEP_SECONDS="1", LLMHUB_GRACE_SECONDS="3") as hub:
        yield hub


def sweeps(hub) -> int:
    return (
        hub.log("worker").count("billing.tasks.sweep") if (hub.home / "logs" / "worker.log").exists() else 0
    )


def test_it_serves_gateway_and_console_and_says_where(busy_hub):
    assert busy_hub.status("/healthz") == 200
    assert busy_hub.status("/readyz") == 200
    assert busy_hub.status("/v1/models") == 401
    assert busy_hub.status("/sign-in/") == 200
    assert f"Console   {busy_hub.url}/" in busy_hub.said()


def test_it_prints_a_link_that_works_and_so_does_the_command(busy_hub):
    (printed,) = re.findall(rf"Sign in +({re.escape(busy_hub.url)}/sign-in/link/\S+/)", busy_hub.said())
    other = busy_hub.command("user", "link", busy_hub.owner).stdout.strip()

    assert busy_hub.status(printed.removeprefix(busy_hub.url)) == 200
    assert other.startswith(f"{busy_hub.url}/sign-in/link/")
    assert other != printed


def test_what_it_makes_is_for_its_owner_alone(busy_hub):
    made = [path for path in busy_hub.home.rglob("*") if "static" not in path.parts]

    assert stat.S_IMODE(busy_hub.home.stat().st_mode) == 0o700
    assert not [path for path in made if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert stat.S_IMODE((busy_hub.home / "secret-keys").stat().st_mode) == 0o600


def test_logs_are_lines_of_json_without_the_link(busy_hub):
    for name in ("front", "console", "worker"):
        lines = [line for line in busy_hub.log(name).splitlines() if line.strip()]
        assert lines
        assert not [line for line in lines if not line.startswith('{"at": ')]
        assert "/link_" not in busy_hub.log(name)


def test_a_second_up_on_the_same_home_says_so(busy_hub, tmp_path):
    output = tmp_path / "second.out"
    second = launch(busy_hub.home, port=free_port(), output=output, environment=busy_hub.environment)

    assert second.wait(30) == 1
    assert f"already runs on {busy_hub.home}" in output.read_text()
    assert busy_hub.status("/readyz") == 200


def test_a_taken_port_is_said_with_what_to_do(busy_hub, tmp_path):
    port, output = int(busy_hub.url.rpartition(":")[2]), tmp_path / "other.out"
    other = launch(
        tmp_path / "other", port=port, output=output, environment=environment_of(tmp_path / "other")
    )

    assert other.wait(30) == 1
    assert f"port {port} on 127.0.0.1 is taken" in output.read_text()


WORKS = {
    "front": lambda hub, _: hub.status("/readyz") == 200,
    "console": lambda hub, _: hub.status("/sign-in/") == 200,
    "worker": lambda hub, before: sweeps(hub) > before + 1,
    "beat": lambda hub, before: sweeps(hub) > before + 1,
    "valkey": lambda hub, before: sweeps(hub) > before + 1,
}


@pytest.mark.parametrize("name", WORKS)
def test_a_killed_process_is_back(busy_hub, name):
    first = table.leaders(busy_hub.process.pid)[name]
    members = [row.pid for row in table.rows() if row.group == first.group]

    os.kill(first.pid, signal.SIGKILL)

    busy_hub.until(lambda: not alive(members), within=5, what=f"every process of the old {name} is gone")
    busy_hub.until(
        lambda: name in table.leaders(busy_hub.process.pid), within=15, what=f"{name} is started again"
    )
    assert table.leaders(busy_hub.process.pid)[name].pid != first.pid
    before = sweeps(busy_hub)
    busy_hub.until(lambda: WORKS[name](busy_hub, before), within=30, what=f"{name} works again")


@pytest.mark.parametrize("name", ["front", "console"])
def test_a_killed_server_worker_is_back(busy_hub, name):
    leader = table.leaders(busy_hub.process.pid)[name]
    (worker,) = table.below(leader.pid)

    os.kill(worker.pid, signal.SIGKILL)

    busy_hub.until(lambda: not alive([leader.pid, worker.pid]), within=10, what="the old pair is gone")
    busy_hub.until(lambda: WORKS[name](busy_hub, 0), within=30, what=f"{name} works again")


def alive(pids) -> list[int]:
    return [row.pid for row in table.rows() if row.pid in pids]


def test_after_all_that_the_schedule_is_at_its_normal_rate(busy_hub):
    begin, count = time.monotonic(), sweeps(busy_hub)

    time.sleep(5)

    rate = (sweeps(busy_hub) - count) / (time.monotonic() - begin)
    assert 0.6 < rate < 1.4  # a second; with an orphaned beat it would be 2


def test_a_reload_fails_no_request_and_brings_a_new_worker(busy_hub):
    front = table.leaders(busy_hub.process.pid)["front"]
    (old,) = table.below(front.pid)
    statuses = []

    busy_hub.process.send_signal(signal.SIGHUP)

    deadline = time.monotonic() + 20
    while alive([old.pid]):
        assert time.monotonic() < deadline
        statuses.append(busy_hub.status("/healthz"))
        time.sleep(0.01)
    (new,) = table.below(front.pid)
    assert new.pid != old.pid
    assert set(statuses) == {200}
    assert len(statuses) > 50


def test_killing_the_supervisor_leaves_nothing_and_the_next_start_works(tmp_path):
    """Without `die_with_parent` in llmhub/up/serve.py the workers of both servers live on, and this fails."""
    home = tmp_path / "home"
    with running_hub(home) as hub:
        family = [row.pid for row in table.below(hub.process.pid)]
        assert len(family) >= 7  # five processes, and the workers of both servers

        hub.process.kill()
        hub.process.wait()

        hub.until(lambda: not alive(family), within=5, what="no process is left")
    output = tmp_path / "again.out"
    again = launch(home, port=free_port(), output=output, environment=hub.environment)
    hub.until(lambda: STARTED in output.read_text(), within=60, what="it starts again")
    family = [row.pid for row in table.below(again.pid)]

    again.terminate()

    assert stop(again) == 0
    assert output.read_text().endswith("Stopping …\nStopped.\n")
    assert not alive(family)
