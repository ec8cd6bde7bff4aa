"""One process each: what health checks look at, and a console that is reached by an address."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection

from llmhub import probes
from llmhub.up import alive, prepare
from tests.fixtures.hub import ROOT, free_port


def test_a_sign_is_fresh_until_it_is_old(tmp_path):
    sign = tmp_path / "alive-worker"
    assert alive.main(str(sign)) == 1

    alive.give_sign(tmp_path, "worker")
    assert alive.main(str(sign)) == 0

    os.utime(sign, (time.time() - 60, time.time() - 60))
    assert alive.main(str(sign)) == 1


def test_an_address_is_well_when_it_answers_200(simulator):
    assert alive.main(f"{simulator.url}/_hits") == 0
    assert alive.main(f"{simulator.url}/nothing-here") == 1
    assert alive.main(f"http://127.0.0.1:{free_port()}/") == 1


def probe(path: str) -> SimpleNamespace:
    """What the console's probes answer on a path."""
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    async def never():
        raise AssertionError("a probe reads nothing")

    async def django(scope, receive, send):
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    asyncio.run(probes.Probes(django)({"type": "http", "path": path}, never, send))
    headers = dict(sent[0]["headers"])
    return SimpleNamespace(status=sent[0]["status"], headers=headers, body=json.loads(sent[1]["body"]))


@pytest.mark.django_db(transaction=True)
def test_the_console_is_ready_while_its_database_answers(monkeypatch):
    assert probe("/readyz").status == 200

    def refuse():
        raise OperationalError("away")

    monkeypatch.setattr(probes, "_ask_database", refuse)
    away = probe("/readyz")
    assert (away.status, away.body["ready"], away.headers[b"retry-after"]) == (503, False, b"2")
    assert probe("/healthz").status == 200
    assert probe("/sign-in/").status == 418


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"), [("/sign-in/", "text/html"), ("/api/v1/models", "application/json")]
)
def test_while_the_database_is_away_the_answer_is_503_and_when_to_come_again(client, path, kind):
    client.raise_request_exception = False

    def refuse(*_):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(refuse):
        answer = client.get(path, headers={"authorization": "Bearer sk_something"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer["Content-Type"].startswith(kind)
    assert "database does not answer" in answer.content.decode()


@pytest.mark.django_db
def test_migrating_makes_an_owner_but_no_link():
    first, second = prepare.first_owner(), prepare.first_owner()

    assert first == second
    assert first.email == prepare.OWNER


@pytest.fixture
def console_elsewhere(tmp_path):
    """A front whose console listens on an address, not on a socket."""
    ports = [free_port(), free_port()]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "NOTES": str(tmp_path / "notes"),
        "CONSOLE": f"http://127.0.0.1:{ports[1]}",
    }
    served = [
        subprocess.Popen(
            [sys.executable, "-m", "granian", "--no-ws", "--interface", kind, "--port", str(port), what],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        for kind, port, what in (
            ("asgi", ports[0], "tests.up.standins:front"),
            ("asginl", ports[1], "tests.up.standins:console"),
        )
    ]  # fmt: skip
    yield ports[0]
    for process in served:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_front_relays_to_a_console_elsewhere(console_elsewhere):
    deadline = time.monotonic() + 15
    while (status := ask(console_elsewhere)) != 200:
        assert time.monotonic() < deadline, status
        time.sleep(0.05)


def ask(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/page?q=1")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
