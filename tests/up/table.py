"""The process table, as /proc shows it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    pid: int
    parent: int
    group: int
    command: str


def rows() -> list[Row]:
    """Every process that is not a zombie."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent, group, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if state != "Z":
                found.append(Row(int(folder.name), int(parent), int(group), command))
    return found


def below(pid: int) -> list[Row]:
    """Every process that descends from `pid`."""
    everyone = rows()
    family, grown = {pid}, True
    while grown:
        children = {row.pid for row in everyone if row.parent in family}
        grown = bool(children - family)
        family |= children
    return [row for row in everyone if row.pid in family - {pid}]


def leaders(pid: int) -> dict[str, Row]:
    """The processes that `up` started, by name."""
    words = {
        "serve front": "front",
        "serve console": "console",
        " worker ": "worker",
        " beat ": "beat",
        "valkey": "valkey",
    }
    children = [row for row in rows() if row.parent == pid]
    return {name: row for row in children for word, name in words.items() if word in row.command}
