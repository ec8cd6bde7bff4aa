"""The processes of a bench, in a home of its own that is gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from llmhub.bench.figures import Job, LedgerSample, Sample
from llmhub.up import ready

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = (sys.executable, "-P", "-m")
HOST = "127.0.0.1"
LOAD = "llmhub.bench.load"
REPLY = "tokens/16"  # what the simulated provider is asked for: a short answer at once
PATIENCE = 60.0  # seconds until everything answers
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

    def __init__(self) -> None:
        self._stack = ExitStack()
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
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        self._environment = {
            **kept,
            "LLMHUB_HOME": str(self._home),
            "LLMHUB_DEMO": "true",
            "LLMHUB_LOG": "WARNING",
            "DJANGO_SETTINGS_MODULE": "llmhub.settings",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        }
        self._hub = self._process("llmhub", "up", "--port", self.hub.partition(":")[2])
        _wait(self._hub, lambda: ready.answers(HOST, int(self.hub.partition(":")[2]), self._console()))
        upstream = f"http://{HOST}:{(self._home / 'simulator-port').read_text().strip()}/{REPLY}/v1"
        self.made = json.loads(self._output("llmhub.bench.home", upstream))
        port = self.bare.partition(":")[2]
        bare = self._process(
            "llmhub.bench.bare", "--port", port, "--upstream", upstream + "/chat/completions"
        )
        self._load = self._process(LOAD).process
        probe = Job(self.bare, "POST", "/", {}, body=chat(self.made["model"]), most=1)
        _wait(bare, lambda: not self.load(probe).failed)
        _wait(self._hub, lambda: not self.load(self.call(self.hub, seconds=5, most=1)).failed)

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
            raise CannotBench(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def load(self, job: Job) -> Sample:
        """Have the load generator do a job."""
        assert self._load.stdin is not None
        assert self._load.stdout is not None
        self._load.stdin.write(json.dumps(asdict(job)) + "\n")
        self._load.stdin.flush()
        return msgspec.json.decode(self._load.stdout.readline(), type=Sample)

    def call(self, address: str, *, stream: bool = False, **how: Any) -> Job:
        """Return the job of chat calls to the hub or past it."""
        headers = {"authorization": f"Bearer {self.made['key']}", "content-type": "application/json"}
        body = chat(self.made["model"], stream=stream)
        expects = "data: [DONE]" if stream else "}"
        return Job(address, "POST", "/v1/chat/completions", headers, body, expects=expects, **how)

    def page(self, path: str, **how: Any) -> Job:
        """Return the job of looking at a page."""
        return Job(self.hub, "GET", path, {"cookie": self.made["cookie"]}, expects="</html>", **how)

    def ledger(self, seconds: float) -> LedgerSample:
        """Return how fast the ledger is alone: the hub is stopped for it."""
        _end(self._hub.process)
        printed = self._output("llmhub.bench.ledger_alone", str(seconds))
        return msgspec.json.decode(printed, type=LedgerSample)


def chat(model: str, *, stream: bool = False) -> str:
    """Return the body of the call that is made all the time."""
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Say something short."}]}
    return json.dumps(body | ({"stream": True} if stream else {}))


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
