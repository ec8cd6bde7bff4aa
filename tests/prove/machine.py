"""What figures depend on: the machine, its load, the versions."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess


def facts() -> str:
    """One line about this machine."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores (load {load:.1f} before the start), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {_postgres()}"
    )


def _postgres() -> str:
    try:
        from tests.fixtures.postgres import _binaries

        said = subprocess.run([_binaries()[0] / "postgres", "--version"], capture_output=True, text=True)
    except ImportError:
        return "no Postgres here"
    return f"Postgres {said.stdout.split()[-1]}"
