"""The front on a real port, a console on a real socket: what passes, what does not, who notices."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from llmhub.lib.bounded import MAX_BODY
from tests.fixtures.hub import ROOT, free_port

GRANIAN = (sys.executable, "-m", "granian", "--http", "1", "--no-ws", "--workers-kill-timeout", "2")


class Pair:
    """A front and a console, each its own process."""

    def __init__(self, folder: Path, trusted: str = "") -> None:
        self.port, self.notes = free_port(), folder / "notes"
        self.socket = folder / "console.sock"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NOTES": str(self.notes),
            "CONSOLE": str(self.socket),
            "TRUSTED": trusted,
        }
        self.console = self._serve(
            "--interface", "asginl", "--uds", str(self.socket), "tests.up.standins:console"
        )
        self.front = self._serve("--interface", "asgi", "--port", str(self.port), "tests.up.standins:front")
        self.wait_for(lambda: self.socket.exists() and self.note_count("gateway startup") == 1)
        self.wait_for(lambda: self.get("/")[0] == 200)

    def _serve(self, *options: str) -> subprocess.Popen:
        return subprocess.Popen(
            [*GRANIAN, *options],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def note_count(self, text: str) -> int:
        return self.notes.read_text().count(text) if self.notes.exists() else 0

    def wait_for(self, condition, within=15.0):
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ask(self, method: str, path: str, body=None, headers=None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body=body, headers=headers or {})
        return connection.getresponse()

    def get(self, path: str, headers=None):
        try:
            response = self.ask("GET", path, headers=headers)
        except OSError:
            return 0, {}
        text = response.read()
        return response.status, json.loads(text) if response.headers[
            "content-type"
        ] == "application/json" else text

    def kill_console(self) -> None:
        os.killpg(self.console.pid, signal.SIGKILL)
        self.console.wait()

    def stop(self) -> None:
        for process in (self.front, self.console):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def pair():
    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        running = Pair(Path(folder))
        yield running
        running.stop()


@pytest.fixture
def own_pair():
    """A function: a pair of one test's own, to be broken or set up differently."""
    started = []
    with tempfile.TemporaryDirectory(prefix="front-") as folder:

        def start(**options) -> Pair:
            started.append(Pair(Path(folder), **options))
            return started[-1]

        yield start
        for each in started:
            each.stop()


def header_values(told: dict, name: str) -> list[str]:
    return [value for key, value in told["headers"] if key == name]


@pytest.mark.parametrize("path", ["/v1/models", "/v1", "/healthz", "/readyz", "/metrics", "/v1/a?b=c"])
def test_the_gateway_answers_its_paths(pair, path):
    assert pair.get(path)[1]["from"] == "gateway"


@pytest.mark.parametrize("path", ["/", "/api/v1/models", "/v1x", "/v2/", "/healthz/", "/providers/v1/"])
def test_everything_else_is_the_consoles(pair, path):
    assert pair.get(path)[1]["from"] == "console"


def test_path_and_query_arrive_byte_for_byte(pair):
    _, told = pair.get("/models/openai%2Fgpt%204/%C3%A9;a?q=%2F+x&q=2&empty=")

    assert (told["path"], told["query"]) == ("/models/openai%2Fgpt%204/%C3%A9;a", "q=%2F+x&q=2&empty=")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_arrives_whole_by_any_method(pair, method):
    response = pair.ask(method, "/form", body=b"x" * 300_000, headers={"content-type": "text/plain"})

    told = json.loads(response.read())
    assert (told["method"], told["length"]) == (method, 300_000)
    assert header_values(told, "content-length") == ["300000"]


def test_a_body_without_a_length_is_streamed(pair):
    pieces = (b"y" * 1000 for _ in range(50))

    told = json.loads(pair.ask("POST", "/form", body=pieces).read())

    assert told["length"] == 50_000


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/teams"])
@pytest.mark.parametrize("says_how_much", [True, False])
def test_a_body_beyond_the_bound_reaches_nobody(pair, path, says_how_much):
    body = b"x" * (MAX_BODY + 1)
    response = pair.ask(
        "POST", path, body=body if says_how_much else iter([body[:MAX_BODY], body[MAX_BODY:]])
    )

    text = response.read().decode()

    assert response.status == 413
    assert "larger than 1 MiB" in text
    assert (response.headers["content-type"] == "application/json") is path.startswith("/api/")


def test_a_body_at_the_bound_arrives(pair):
    told = json.loads(pair.ask("POST", "/form", body=iter([b"x" * (MAX_BODY // 2)] * 2)).read())

    assert told["length"] == MAX_BODY


def test_an_answer_before_the_body_ends_is_passed_on(pair):
    assert pair.ask("POST", "/early", body=b"z" * 10_000).status == 413


def test_repeated_headers_of_an_answer_stay_repeated(pair):
    response = pair.ask("GET", "/")

    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_headers_of_one_connection_stay_there(pair):
    headers = {"connection": "x-mine, keep-alive", "x-mine": "1", "te": "trailers", "x-kept": "2"}

    response = pair.ask("GET", "/", headers=headers)

    told = json.loads(response.read())
    assert not header_values(told, "x-mine")
    assert not header_values(told, "te")
    assert header_values(told, "x-kept") == ["2"]
    assert response.headers["x-private"] is None


def test_the_console_gets_no_header_that_the_client_did_not_send(pair):
    with socket.create_connection(("127.0.0.1", pair.port)) as bare:
        bare.sendall(b"GET / HTTP/1.1\r\nHost: hub.test\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: bare.recv(65536), b""))

    told = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    names = {name for name, _ in told["headers"]}
    assert names == {"host", "connection", "x-forwarded-for", "x-forwarded-proto"}
    assert header_values(told, "host") == ["hub.test"]


STRANGERS = {
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "https",
    "forwarded": "for=6.6.6.6",
    "x-real-ip": "6",
}


def test_a_stranger_cannot_say_where_it_comes_from(pair):
    _, told = pair.get("/", STRANGERS)

    assert header_values(told, "x-forwarded-for") == ["127.0.0.1"]
    assert header_values(told, "x-forwarded-proto") == ["http"]
    assert not header_values(told, "forwarded")
    assert not header_values(told, "x-real-ip")
    assert pair.get("/v1/models", STRANGERS)[1] == {
        "from": "gateway",
        "client": "127.0.0.1",
        "scheme": "http",
    }


def test_a_trusted_proxy_says_who_it_stands_for(own_pair):
    pair = own_pair(trusted="127.0.0.0/8,10.0.0.1")
    headers = {"x-forwarded-for": "6.6.6.6, 5.5.5.5, 10.0.0.1", "x-forwarded-proto": "https"}

    _, told = pair.get("/", headers)

    assert header_values(told, "x-forwarded-for") == ["5.5.5.5"]
    assert header_values(told, "x-forwarded-proto") == ["https"]
    assert pair.get("/v1/models", headers)[1] == {"from": "gateway", "client": "5.5.5.5", "scheme": "https"}


def test_a_page_is_streamed_and_the_console_notices_when_the_client_leaves(pair):
    before = pair.note_count("client left")
    response = pair.ask("GET", "/drip")
    began = time.monotonic()
    assert response.readline() == b"drop\n"
    assert time.monotonic() - began < 1  # it does not wait for the end, which never comes

    response.close()

    pair.wait_for(lambda: pair.note_count("client left") > before, within=2)


def test_a_cut_answer_is_not_passed_off_as_whole(own_pair):
    pair = own_pair()

    response = pair.ask("GET", "/cut")

    assert response.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()


def test_without_a_console_a_person_gets_a_page_and_a_program_an_error(own_pair):
    pair = own_pair()
    pair.kill_console()

    response = pair.ask("GET", "/models/", headers={"accept": "text/html"})
    status, error = pair.get("/api/v1/models")

    assert (response.status, response.headers["retry-after"]) == (503, "2")
    assert b"Try again in a moment" in response.read()
    assert (status, error["error"]["code"]) == (503, "console_unavailable")
    assert pair.get("/v1/models")[0] == 200


def test_the_gateway_lives_through_start_and_stop(own_pair):
    pair = own_pair()

    pair.front.terminate()

    assert pair.front.wait(10) == 0
    assert pair.notes.read_text().splitlines() == ["gateway startup", "gateway shutdown"]
