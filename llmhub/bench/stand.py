"""The processes of a bench, in a home of its own that is gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from llmhub.bench import machine
from llmhub.bench.figures import Job, LedgerSample, Memory, Sample
from llmhub.bench.home import KINDS
from llmhub.up import ready

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = (sys.executable, "-P", "-m")
HOST = "127.0.0.1"
LOAD = "llmhub.bench.load"
PATIENCE = 90.0  # seconds until everything answers
_OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "LLMHUB_CONFIG",
    "LLMHUB_PROFILE",
    "LLMHUB_PUBLIC_URL",
    "LLMHUB_SECRET_KEYS",
)


class CannotBench(RuntimeError):
    """Something that is to be measured does not start; the message says what it printed."""


@dataclass(frozen=True)
class Started:
    """A process and the file that it prints to."""

    process: subprocess.Popen[str]
    log: Path


class Stand:
    """Simulator, hub, bare passthrough and load generator; leaving it ends all of them."""

    def __init__(self, database_url: str = "") -> None:
        self._stack = ExitStack()
        self._database_url = database_url  # of an empty database; "": SQLite in the home
        self.hub = f"{HOST}:{ready.free_port()}"
        self.bare = f"{HOST}:{ready.free_port()}"
        self.made: dict[str, Any] = {}  # what llmhub.bench.home made

    def __enter__(self) -> Self:
        with ExitStack() as starting:  # what was started ends when the rest does not start
            self._stack = starting
            self._start()
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="llmhub-bench-"))
        self._home = Path(folder) / "home"
        self._environment = self._make_environment()
        self._hub = self._process("llmhub", "up", "--port", self.hub.partition(":")[2])
        _wait(self._hub, lambda: ready.answers(HOST, int(self.hub.partition(":")[2]), self._console()))
        upstream = f"http://{HOST}:{(self._home / 'simulator-port').read_text().strip()}"
        self.made = json.loads(self._output("llmhub.bench.home", upstream))
        port = self.bare.partition(":")[2]
        self._bare = self._process("llmhub.bench.bare", "--port", port, "--upstream", upstream)
        self._load = self._process(LOAD)
        self._other_load = self._process(LOAD)
        for address, started in ((self.bare, self._bare), (self.hub, self._hub)):
            probe = self.call(address, seconds=5, most=1)
            _wait(started, lambda probe=probe: not self.load(probe).failed)  # type: ignore[misc]
        self._share_cores()

    def _make_environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        return {
            **kept,
            "LLMHUB_HOME": str(self._home),
            "LLMHUB_DEMO": "true",
            "LLMHUB_LOG": "WARNING",
            "DJANGO_SETTINGS_MODULE": "llmhub.settings",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            **({"DATABASE_URL": self._database_url} if self._database_url else {}),
        }

    def _share_cores(self) -> None:
        """Give the gateway and the passthrough the same core, and all that measures them the others."""
        first, *others = sorted(os.sched_getaffinity(0))
        if not others:
            return
        everything = [
            pid for each in (self._hub, self._bare, self._load, self._other_load) for pid in _family(each)
        ]
        machine.pin(everything, set(others))
        machine.pin([*self._front(), *_family(self._bare)], {first})

    def _front(self) -> list[int]:
        """Return the processes of the gateway."""
        front, *_ = machine.running(_family(self._hub), "llmhub.up.serve", "front")
        return machine.family(front)

    def _console(self) -> Path:
        note = self._home / "socket-folder"
        return (Path(note.read_text().strip()) if note.exists() else self._home) / "console.sock"

    def _process(self, *words: str) -> Started:
        """Start a module of ours in the bench's home; it ends with the stand, however that ends."""
        log = self._home.with_name(f"{words[0]}.log")
        with log.open("w") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                [*PYTHON, "llmhub.up.child", str(os.getpid()), "0", *PYTHON, *words],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if words[0] == LOAD else output,
                stderr=output,
                text=True,
            )
        self._stack.callback(_end, process)
        return Started(process, log)

    def _output(self, *words: str) -> str:
        """Return what a module of ours prints. Raises `CannotBench` when it fails."""
        done = subprocess.run(  # noqa: S603 - our own command line
            [*PYTHON, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotBench(f"{' '.join(words)[:80]} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    # --- load ---------------------------------------------------------------------------------

    def load(self, job: Job) -> Sample:
        """Have the load generator do a job."""
        _give(self._load, job)
        return _take(self._load)

    def call(self, address: str, *, kind: str = "plain", **how: Any) -> Job:
        """Return the job of chat calls to the hub or past it."""
        headers = {"authorization": f"Bearer {self.made['key']}", "content-type": "application/json"}
        path = "/v1/chat/completions" if address == self.hub else f"/{KINDS[kind]}/v1/chat/completions"
        expects = "data: [DONE]" if kind == "stream" else "}"
        return Job(address, "POST", path, headers, self._body(kind), expects=expects, **how)

    def _body(self, kind: str) -> str:
        messages = [{"role": "user", "content": "Say something short."}]
        more = {"stream": True} if kind == "stream" else {}
        return json.dumps({"model": self.made["models"][kind], "messages": messages, **more})

    def page(self, path: str, **how: Any) -> Job:
        """Return the job of looking at a page."""
        return Job(self.hub, "GET", path, {"cookie": self.made["cookie"]}, expects="</html>", **how)

    # --- what disturbs ------------------------------------------------------------------------

    @contextmanager
    def hammered(self, *, connections: int, seconds: float) -> Iterator[None]:
        """Have pages looked at, one after the other by each viewer, for so long."""
        _give(self._other_load, self.page("/", connections=connections, seconds=seconds))
        yield
        _take(self._other_load)

    @contextmanager
    def rolling(self) -> Iterator[None]:
        """Have all sums made anew, again and again."""
        started = self._process("llmhub.bench.rolling")
        time.sleep(2.0)  # it reads its settings
        machine.pin(_family(started), set(sorted(os.sched_getaffinity(0))[1:]) or {0})
        yield
        _end(started.process)

    # --- the rest -----------------------------------------------------------------------------

    def memory(self) -> Memory:
        """Return what the gateway and all of the hub's processes have, without what is only simulated."""
        hub = _family(self._hub)
        simulated = machine.running(hub, "llmhub.simulator")
        return Memory(
            gateway_mb=max(map(machine.resident, self._front())) / 1e6,
            stack_mb=machine.shared_out(set(hub) - set(simulated)) / 1e6,
        )

    def sync_ms(self) -> float:
        """Return what the disk takes for one write that stays."""
        return machine.sync_ms(self._home)

    def stages(self, seconds: float) -> dict[str, float]:
        """Return what each stage of a call costs, in milliseconds: the hub is stopped for it."""
        self._end_hub()
        port = (self._home / "simulator-port").read_text().strip()
        simulator = self._process("llmhub.simulator", "--port", port)
        _wait(simulator, lambda: _is_open(int(port)))
        return json.loads(
            self._output("llmhub.bench.stages", self.made["key"], self._body("plain"), str(seconds))
        )

    def ledger(self, seconds: float) -> LedgerSample:
        """Return how fast the ledger is alone: the hub is stopped for it."""
        self._end_hub()
        printed = self._output("llmhub.bench.ledger_alone", str(seconds))
        return msgspec.json.decode(printed, type=LedgerSample)

    def _end_hub(self) -> None:
        _end(self._hub.process)


def _family(started: Started) -> list[int]:
    return machine.family(started.process.pid)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _give(load: Started, job: Job) -> None:
    assert load.process.stdin is not None
    load.process.stdin.write(json.dumps(asdict(job)) + "\n")
    load.process.stdin.flush()


def _take(load: Started) -> Sample:
    assert load.process.stdout is not None
    return msgspec.json.decode(load.process.stdout.readline(), type=Sample)


def _wait(started: Started, is_there: Callable[[], bool]) -> None:
    """Wait until what was started answers. Raises `CannotBench`."""
    deadline = time.monotonic() + PATIENCE
    while not is_there():
        if started.process.poll() is not None or time.monotonic() > deadline:
            said = started.log.read_text()[-2000:]
            raise CannotBench(f"{started.log.stem} does not answer; it said:\n{said}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process: politely, then by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
