"""The table of docs/configuration.md says what the code reads, and the code reads nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmhub import settings
from llmhub.lib import env
from tests import architecture
from tests.fixtures.hub import environment_of

PAGE = (Path(settings.BASE_DIR) / "docs" / "configuration.md").read_text()
# Who may look at the environment without declaring what it looks for, and why.
MAY_LOOK = {
    "llmhub/lib/env.py": "declares every variable",
    "llmhub/up/command.py": "hands the environment on to its processes",
    "llmhub/up/keep.py": "hands the environment on to its processes",
    "llmhub/demo/own_home.py": "hands the environment on to the demo, less what is real",
    "llmhub/bench/stand.py": "makes the environment of a measured hub",
    "llmhub/lib/outside.py": "reads the variable that an admin names: env:NAME",
}


def table_row(variable: env.Variable) -> str:
    kind = variable.kind if ", " not in variable.kind else variable.kind.replace(", ", " / ")
    default = f"`{variable.default}`" if re.fullmatch(r"[\w./:-]+", variable.default) else variable.default
    example = f"`{variable.example}`" if " " not in variable.example else variable.example
    return f"| `{variable.name}` | {kind} | {default} | {variable.meaning} | {example} |"


def test_the_table_lists_each_variable_with_its_type_default_meaning_and_example():
    listed = re.findall(r"^\| `[A-Z_]+` \| .* \| .* \| .* \| .* \|$", PAGE, re.MULTILINE)

    assert listed == [table_row(env.VARIABLES[name]) for name in sorted(env.VARIABLES)]


def test_a_difference_would_be_seen():
    some = env.VARIABLES["LLMHUB_GRACE_SECONDS"]
    other = env.Variable(some.name, some.kind, "31", some.meaning, some.example)

    assert table_row(some) in PAGE
    assert table_row(other) not in PAGE


@pytest.mark.parametrize("path", architecture.files(), ids=str)
def test_the_environment_is_read_where_it_is_declared(path):
    source = (architecture.ROOT / path).read_text()
    looks = re.findall(r"os\.(?:environ(?!\.setdefault)|getenv)", source)

    assert not looks or str(path) in MAY_LOOK


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"LLMHUB_PROFILE": "production"},
            "needs LLMHUB_SECRET_KEYS, DATABASE_URL, LLMHUB_ALLOWED_HOSTS, LLMHUB_",
        ),
        ({"LLMHUB_GRACE_SECONDS": "soon"}, "LLMHUB_GRACE_SECONDS='soon': use a whole number, for example 30"),
        ({"LLMHUB_LOG": "loud"}, "LLMHUB_LOG='loud': use DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL has the scheme 'mysql'"),
        ({"LLMHUB_HOME": "/dev/null/home"}, "set LLMHUB_HOME to a folder of yours"),
        ({"LLMHUB_TRUSTED_PROXIES": "proxy.local"}, "LLMHUB_TRUSTED_PROXIES has 'proxy.local'"),
    ],
)
def test_a_bad_environment_stops_the_start_and_says_why(variables, said, tmp_path):
    command = [sys.executable, "-P", "-m", "llmhub", "user", "list"]

    done = subprocess.run(command, env=environment_of(tmp_path, **variables), capture_output=True, text=True)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
