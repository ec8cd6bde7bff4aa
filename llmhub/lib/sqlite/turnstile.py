"""A lock file that one writer at a time passes, across threads and processes.

The kernel gives the lock up when its holder dies, so a killed process never blocks the others.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
import weakref

_LOOK_AGAIN = 0.0005  # seconds


class TooLate(sqlite3.OperationalError):
    """Others wrote for longer than this writer would wait."""


class Turnstile:
    """One connection's place in the line. Each has its own file handle: locks belong to handles."""

    def __init__(self, path: str, *, patience: float) -> None:
        self._path = path
        self._patience = patience  # seconds
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._is_inside = False
        _OPEN.add(self)

    def enter(self) -> None:
        """Wait for the turn and take it; inside already, nothing happens. Raises `TooLate`."""
        if self._is_inside:
            return
        deadline = time.monotonic() + self._patience
        while not self._try():
            if time.monotonic() >= deadline:
                raise TooLate(
                    f"another writer holds {self._path} for more than {self._patience:g} s: "
                    "look for a transaction that does not end"
                )
            time.sleep(_LOOK_AGAIN)
        self._is_inside = True

    def _try(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Let the next one pass; outside already, nothing happens."""
        if self._is_inside:
            self._is_inside = False
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave and give the file handle back; safe to repeat."""
        self.leave()
        self.drop()

    def drop(self) -> None:
        """Close the handle without unlocking: a forked child shares the lock, it must not end it."""
        handle, self._handle = self._handle, -1
        self._is_inside = False
        if handle >= 0:
            os.close(handle)

    def __del__(self) -> None:
        self.drop()


_OPEN: weakref.WeakSet[Turnstile] = weakref.WeakSet()


def _drop_all() -> None:
    for turnstile in list(_OPEN):
        turnstile.drop()


os.register_at_fork(after_in_child=_drop_all)
