"""R-30: Django's own check of a deployment, on exactly the environment of docker-compose.yml."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.compose import deployment, file
from tests.fixtures.hub import ROOT, environment_of
from tests.prove.row import Figures

ROW = "R-30"
CLAIM = "As it is deployed it has no unsafe setting, and without its secrets it does not start"


def prove(stand) -> Figures:
    code, issues = _check(stand, {})
    started = sum(_starts(stand, name) for name in ("LLMHUB_SECRET_KEYS", "LLMHUB_ALLOWED_HOSTS"))
    return Figures(
        code == issues == started == 0,
        {
            "as the exit code of check --deploy": code,
            "issues": issues,
            "starts with a needed setting left empty": started,
        },
    )


def control(stand) -> Figures:
    """With the profile for one's own machine."""
    code, issues = _check(stand, {"LLMHUB_PROFILE": "embedded"})
    return Figures(code == issues == 0, {"as the exit code of check --deploy": code, "issues": issues})


def _environment(stand, changes: dict[str, str]) -> dict[str, str]:
    service = file.read(deployment.variables("http://127.0.0.1:1"))["console"]["environment"]
    clean = environment_of(stand.folder())
    del clean["LLMHUB_HOME"]
    home = {"LLMHUB_HOME": str(stand.folder())}
    return clean | {name: str(value) for name, value in service.items()} | home | changes


def _run(stand, changes: dict[str, str], *words: str) -> subprocess.CompletedProcess:
    environment = _environment(stand, changes)
    assert os.environ["LLMHUB_HOME"] != environment["LLMHUB_HOME"]
    return subprocess.run(
        [sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def _check(stand, changes: dict[str, str]) -> tuple[int, int]:
    """The exit code of the check, and how many issues it names."""
    done = _run(stand, changes, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return done.returncode, (done.stdout + done.stderr).count("?: (")


def _starts(stand, name: str) -> bool:
    """Whether it starts although a setting that it needs is empty."""
    return _run(stand, {name: ""}, "manage.py", "check").returncode == 0
