"""The command line as a person meets it."""

from __future__ import annotations

import pytest

from llmhub.cli.main import run


@pytest.fixture
def llmhub(capsys):
    """A function: run one command, return exit code, standard output and standard error."""

    def command(*words: str) -> tuple[int, str, str]:
        try:
            code = run(words)
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return command
