"""A process for the supervisor's tests: `sleeper.py NAME NOTES` notes its start, reloads and orderly end."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

NAME, NOTES = sys.argv[1], Path(sys.argv[2])


def note(what: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{NAME} {what} {os.getpid()}\n")


def leave(*_) -> None:
    note("left")
    sys.exit()


signal.signal(signal.SIGTERM, signal.SIG_IGN if NAME == "stubborn" else leave)
signal.signal(signal.SIGHUP, lambda *_: note("reloaded"))
note("started")
if NAME == "broken":
    sys.exit(7)
while True:
    time.sleep(0.02)
