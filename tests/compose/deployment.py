"""What docker-compose.yml says, as processes of this machine: its commands, its environment, its checks.

No container engine is needed. What containers would give is put in its place: an address for each
name, a data folder for each container, a Postgres and a Valkey server for the images.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from llmhub.up.processes import embedded_redis
from tests.compose import file
from tests.fixtures.hub import ROOT, free_port
from tests.fixtures.postgres import PostgresServer

PUBLIC = "hub.example.com"


@dataclass
class Container:
    """One replica of one service."""

    name: str
    command: list[str]
    environment: dict[str, str]
    check: list[str]
    home: Path
    port: int = 0
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def start(self) -> None:
        bound = [sys.executable, "-P", "-m", "llmhub.up.child", str(os.getpid()), "0", *self.command]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                bound, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def is_healthy(self) -> bool:
        """What its own health check says."""
        return subprocess.run(self.check, env=self.environment, cwd=ROOT, check=False).returncode == 0

    def stop(self, *, within: float = 30) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        finally:
            self.kill()

    def kill(self) -> None:
        """End what is left of its group."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.process.wait()


@dataclass
class Deployment:
    """The services as they run."""

    services: dict
    postgres: PostgresServer
    folder: Path
    containers: dict[str, list[Container]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)  # as in the file → here

    @property
    def gateways(self) -> list[Container]:
        return self.containers["gateway"]

    def one(self, name: str) -> Container:
        (container,) = self.containers[name]
        return container

    def run(self, *words: str) -> str:
        """What a command prints, as of `docker compose run console …`."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "llmhub", *words],
            env=self.one("console").environment, cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        """Start everything in order, each thing when what it depends on is as it asks."""
        self.addresses = {
            "postgres:5432": f"127.0.0.1:{self.postgres.port}",
            "redis:6379": f"127.0.0.1:{free_port()}",
            "console:8001": f"127.0.0.1:{free_port()}",
        }
        for name in file.in_order(self.services):
            for other, how in self.services[name].get("depends_on", {}).items():
                self._wait(other, how["condition"])
            self._start(name)
        for name in self.containers:
            if name != "migrate":
                self._wait(name, "service_healthy")

    def _start(self, name: str) -> None:
        service = self.services[name]
        replicas = service.get("deploy", {}).get("replicas", 1)
        if service["image"].startswith("postgres:"):
            self._make_database(service["environment"])
            return
        self.containers[name] = [self._container(name, service, number) for number in range(replicas)]
        for container in self.containers[name]:
            container.start()

    def _make_database(self, environment: dict[str, str]) -> None:
        """What the image does at its first start."""
        role, name = sql.Identifier(environment["POSTGRES_USER"]), sql.Identifier(environment["POSTGRES_DB"])
        password = sql.Literal(environment["POSTGRES_PASSWORD"])
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))

    def _container(self, name: str, service: dict, number: int) -> Container:
        home = self.folder / f"{name}-{number}"
        home.mkdir(mode=0o700)
        made = Container(name, [], {}, [], home)
        command, check = service["command"], service.get("healthcheck", {}).get("test", [])
        if command[0] == "valkey-server":
            made.port = self._port(name, "6379")
            server = embedded_redis(home / "unused.sock", home).command[0]
            made.command = [server, *command[1:], "--port", str(made.port), "--bind", "127.0.0.1"]
            made.environment = {"PYTHONPATH": str(ROOT)}
            return made
        inside = {"/data": str(home), "0.0.0.0": "127.0.0.1"}
        if "--port" in command:
            port = command[command.index("--port") + 1]
            made.port = self._port(name, port)
            inside |= {port: str(made.port), f"127.0.0.1:{port}": f"127.0.0.1:{made.port}"}
        made.command = [*_PROGRAMS[command[0]], *(inside.get(word, word) for word in command[1:])]
        if check:
            made.check = [*_PROGRAMS[check[1]], *(self._here(word, inside) for word in check[2:])]
        made.environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | {
            key: self._here(str(value), inside) for key, value in service["environment"].items()
        }
        return made

    def _port(self, name: str, port: str) -> int:
        """Where a container listens: where others look for it, or anywhere."""
        return int(self.addresses.get(f"{name}:{port}", f":{free_port()}").rpartition(":")[2])

    def _here(self, text: str, inside: dict[str, str]) -> str:
        for there, here in (self.addresses | inside).items():
            if not there.isdigit():
                text = text.replace(there, here)
        return text

    def _wait(self, name: str, condition: str, *, within: float = 60) -> None:
        if name == "postgres":
            return  # it answered before it was said to be there
        deadline = time.monotonic() + within
        for container in self.containers[name]:
            while not self._is(container, condition):
                left = container.process.poll()
                assert left in (None, 0), f"{name} ended with {left}:\n{container.log[-3000:]}"
                assert time.monotonic() < deadline, f"{name} is not {condition}:\n{container.log[-3000:]}"
                time.sleep(0.1)

    def _is(self, container: Container, condition: str) -> bool:
        if condition == "service_completed_successfully":
            return container.process.poll() == 0
        return _pings(container.port) if container.name == "redis" else container.is_healthy()

    def until(self, condition, *, within: float = 20, what: str = "the condition") -> float:
        """Wait for something to become true; return the seconds it took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() < began + within, f"{what}: not within {within} s"
            time.sleep(0.05)
        return time.monotonic() - began


_PROGRAMS = {
    "llmhub": [sys.executable, "-P", "-m", "llmhub"],
    "python": [sys.executable],
}


def _pings(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port, socket_timeout=1).ping())
    except redis.RedisError:
        return False


def variables(simulator: str) -> dict[str, str]:
    """What an operator would write into .env."""
    return {
        "LLMHUB_SECRET_KEYS": "k" * 48,
        "LLMHUB_PUBLIC_URL": f"https://{PUBLIC}",
        "LLMHUB_ALLOWED_HOSTS": PUBLIC,
        "LLMHUB_NETWORK": "127.0.0.1/32",
        "LLMHUB_EGRESS_ALLOW": urlsplit(simulator).netloc,
        "POSTGRES_PASSWORD": "a1b2c3d4e5f6",
    }


@contextmanager
def running(simulator: str, postgres: PostgresServer) -> Iterator[Deployment]:
    """The whole deployment as long as this lasts."""
    folder = Path(tempfile.mkdtemp(prefix="compose-"))
    made = Deployment(file.read(variables(simulator)), postgres, folder)
    try:
        made.start()
        yield made
    finally:
        for containers in made.containers.values():
            for container in containers:
                container.kill()
        shutil.rmtree(folder, ignore_errors=True)
