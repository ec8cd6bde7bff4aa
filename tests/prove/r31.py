"""R-31: what llmhub depends on: how much, by which hashes, and whether importing it asks anybody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.fixtures.hub import ROOT, environment_of
from tests.prove.row import Figures

ROW = "R-31"
CLAIM = "Dependencies are few and locked by hash, and importing all there is downloads nothing"
BAR = (
    "at most 30 direct dependencies, a hash for each locked one, 0 connections while all modules are imported"
)
_MOST = 30
_LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-tool.lock")
_PACKAGES = ("llmhub", "providers", "catalog", "billing", "routing")
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==\S+", re.MULTILINE)
_IMPORT_ALL = """
import importlib, json, pkgutil, socket, sys
asked = []
def refused(*arguments, **named):
    asked.append(str(arguments[-1])[:80])
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = refused
socket.getaddrinfo = socket.create_connection = refused
import django
django.setup()
imported = 0
for package in sys.argv[1:]:
    for each in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if "__main__" in each.name or ".migrations" in each.name:
            continue
        try:
            importlib.import_module(each.name)
        except OSError:
            pass
        imported += 1
print(json.dumps([imported, asked]))
"""


def prove(stand) -> Figures:
    return _look(stand, {name: (ROOT / name).read_text() for name in _LOCKS}, _PACKAGES, ROOT)


def control(stand) -> Figures:
    """With a package in the lock that has no hash, and a module that downloads when it is imported."""
    folder = stand.folder()
    (folder / "greedy").mkdir()
    (folder / "greedy" / "__init__.py").touch()
    (folder / "greedy" / "model.py").write_text(
        "import urllib.request\nurllib.request.urlopen('http://models.test/weights')\n"
    )
    locks = {"requirements.lock": (ROOT / "requirements.lock").read_text() + "\nsurprise==1.0\n"}
    return _look(stand, locks, ("greedy",), folder)


def _look(stand, locks: dict[str, str], packages: tuple[str, ...], path: Path) -> Figures:
    direct = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    entries = [entry for text in locks.values() for entry in _entries(text)]
    bare = sum("--hash=sha256:" not in entry for entry in entries)
    elsewhere = sum(bool(re.search(r"://|git\+|^-e", entry, re.MULTILINE)) for entry in entries)
    imported, asked = _imported(stand, packages, path)
    return Figures(
        len(direct) <= _MOST and bare == elsewhere == 0 and not asked and imported > 0,
        {
            "direct dependencies": len(direct),
            "locked, in all": len(entries),
            "of them without a hash": bare,
            "from an address of their own": elsewhere,
            "modules imported": imported,
            "connections they tried": len(asked),
        },
    )


def _entries(text: str) -> list[str]:
    """The entries of a lock, each with the lines of its hashes."""
    starts = [match.start() for match in _ENTRY.finditer(text)]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _imported(stand, packages: tuple[str, ...], path: Path) -> tuple[int, list[str]]:
    """How many modules were imported in a process without a network, and where they wanted to connect."""
    environment = environment_of(stand.folder(), DJANGO_SETTINGS_MODULE="llmhub.settings")
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *packages],
        env=environment | {"PYTHONPATH": f"{path}:{ROOT}"}, cwd=ROOT, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    imported, asked = json.loads(done.stdout.splitlines()[-1])
    return imported, asked
