"""Keep a handful of processes running until told to stop, then end them in order."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from llmhub.up.process import Process

_STOP = (signal.SIGINT, signal.SIGTERM)
_TICK_SECONDS = 0.25
_PATIENCE = 5  # deaths in a row before the first readiness: it will not start


class CannotStart(RuntimeError):
    """A process dies again and again before the hub was ever ready; the message says where to look."""


class Supervisor:
    """Owns its processes: no other code starts or ends them."""

    def __init__(self, processes: Sequence[Process], *, say: Callable[[str], None]) -> None:
        self._processes = processes
        self._say = say
        self._stops = 0  # how often we were told to stop; the second time means at once
        self._reload = False
        self._had_terminal = _has_terminal()

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> None:
        """Start everything, call `when_ready` once, return after an orderly stop.

        Raises `CannotStart`; nothing is left running then either.
        """
        ready = False
        with self._signals() as wake:
            try:
                while not self._stops:
                    self._look(ready=ready)
                    if not ready and is_ready():
                        ready = True
                        when_ready()
                    _wait(wake, _TICK_SECONDS)
                self._say("Stopping …")
                self._stop()
            finally:
                for process in self._processes:
                    process.kill()

    def _look(self, *, ready: bool) -> None:
        """Notice who died, start who is due, pass a reload on."""
        for process in self._processes:
            if (status := process.exit_status()) is not None:
                self._report(process, status, ready=ready)
            if process.pid is None and time.monotonic() >= process.due:
                process.start()
            process.trim_log()
        if self._reload:
            self._reload = False
            self._pass_reload_on()

    def _report(self, process: Process, status: int, *, ready: bool) -> None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if not ready and process.failures >= _PATIENCE:
            raise CannotStart(f"{process.spec.name} {how} {_PATIENCE} times in a row; see {process.log}")
        self._say(f"{process.spec.name} {how}; it is started again (log: {process.log})")

    def _pass_reload_on(self) -> None:
        for process in self._processes:
            if process.spec.stop_order == 0:
                self._say(f"Reloading {process.spec.name} …")
                process.send(signal.SIGHUP)

    def _stop(self) -> None:
        """End the processes group by group, waiting for each as long as it may take."""
        by_order = sorted(self._processes, key=lambda process: process.spec.stop_order)
        for _, together in groupby(by_order, key=lambda process: process.spec.stop_order):
            leaving = list(together)
            for process in leaving:
                process.send(signal.SIGTERM)
            begin = time.monotonic()
            for process in leaving:
                self._wait_for(process, begin + process.spec.stop_seconds)

    def _wait_for(self, process: Process, deadline: float) -> None:
        while self._stops == 1 and process.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._stops == 1 and process.is_running():
            self._say(f"{process.spec.name} did not stop in {process.spec.stop_seconds:.0f} s: killed")
        process.kill()

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Handle signals while the block runs; yields a file that becomes readable with each of them."""
        read_end, write_end = os.pipe()
        for end in (read_end, write_end):
            os.set_blocking(end, False)
        earlier = {number: signal.signal(number, self._on_signal) for number in (*_STOP, signal.SIGHUP)}
        earlier[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        former = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        try:
            yield read_end
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in earlier.items():
                signal.signal(number, handler)
            os.close(read_end)
            os.close(write_end)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP and not (self._had_terminal and not _has_terminal()):
            self._reload = True
        else:  # a hang-up because the terminal was closed is a stop, too
            self._stops += 1


def _wait(wake: int, seconds: float) -> None:
    if select.select([wake], [], [], seconds)[0]:
        with suppress(BlockingIOError):
            os.read(wake, 4096)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
