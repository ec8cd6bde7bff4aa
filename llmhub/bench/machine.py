"""What the kernel says about processes: who descends from whom, their memory, the cores they may use."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_SYNCS = 100
_PAGE = b"\0" * 4096


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def running(pids: Iterable[int], *words: str) -> list[int]:
    """Return those whose command line has all these words."""
    found = []
    for pid in pids:
        with suppress(OSError):
            line = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if set(words) <= set(line):
                found.append(pid)
    return found


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has; 0 when it is gone."""
    return _rollup(pid, "Rss:")


def shared_out(pids: Iterable[int]) -> int:
    """Return the bytes that processes have together, what they share counted once."""
    return sum(_rollup(pid, "Pss:") for pid in pids)


def _rollup(pid: int, name: str) -> int:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def pin(pids: Iterable[int], cores: set[int]) -> None:
    """Let every thread of these processes run on these cores alone."""
    for pid in pids:
        for task in (_PROC / str(pid) / "task").glob("[0-9]*"):
            with suppress(OSError):
                os.sched_setaffinity(int(task.name), cores)


def sync_ms(folder: Path) -> float:
    """Return the milliseconds that this disk takes to have a page for good, at the median."""
    took = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(_PAGE)
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
