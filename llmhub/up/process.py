"""One supervised process: the leader of a process group that lives and dies as a whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FIRST_DELAY, _LONGEST_DELAY = 0.2, 10.0  # seconds
_STEADY_SECONDS = 30.0  # who lived this long starts over with the first delay
_LOG_BYTES = 10 * 1024 * 1024  # a log is moved aside at this size; one older piece is kept


@dataclass(frozen=True)
class Spec:
    """What to run, and how to end it."""

    name: str
    command: tuple[str, ...]
    niceness: int = 0
    stop_order: int = 1  # those of 0 end first, then 1, then 2
    stop_seconds: float = 10.0  # from the polite signal to the kill


def restart_delay(failures: int) -> float:
    """Return the seconds to wait before the next start after `failures` deaths in a row."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** max(0, failures - 1))


class Process:
    """A running `Spec`: started, looked at, restarted, stopped by its supervisor's main thread.

    The main thread, because the kernel's parent-death signal is about threads.
    """

    def __init__(self, spec: Spec, *, log: Path, environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.log = log
        self.failures = 0  # deaths in a row
        self.due = 0.0  # when to start next, monotonic
        self._environment = environment
        self._popen: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """The leader's process id while it runs."""
        return self._popen.pid if self._popen else None

    def start(self) -> None:
        """Start the process as the leader of a new group; what it prints goes to its log."""
        self.trim_log()
        command = [
            sys.executable, "-P", "-m", "llmhub.up.child",
            str(os.getpid()), str(self.spec.niceness), *self.spec.command,
        ]  # fmt: skip
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
            )
        self._started = time.monotonic()

    def exit_status(self) -> int | None:
        """Return how the process ended, once, and plan its next start; None while all is well."""
        if self._popen is None or (status := self._popen.poll()) is None:
            return None
        self._kill_group()  # orphans: a server's workers, a pool's children
        self._popen = None
        steady = time.monotonic() - self._started > _STEADY_SECONDS
        self.failures = 1 if steady else self.failures + 1
        self.due = time.monotonic() + restart_delay(self.failures)
        return status

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the leader, which passes it on as it sees fit."""
        if self._popen is not None:
            self._popen.send_signal(number)

    def is_running(self) -> bool:
        """Return whether the leader still runs."""
        return self._popen is not None and self._popen.poll() is None

    def kill(self) -> None:
        """End the whole group at once."""
        if self._popen is not None:
            self._kill_group()
            self._popen.wait()
            self._popen = None

    def _kill_group(self) -> None:
        assert self._popen is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def trim_log(self) -> None:
        """Move a long log aside; the process goes on writing to the same, emptied file."""
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)
