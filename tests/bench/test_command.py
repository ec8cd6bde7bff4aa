"""What the command says when it cannot measure."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path

from llmhub.bench import command


def options(*words: str):
    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_a_hub_that_does_not_start_is_told_with_its_own_words(monkeypatch, capsys):
    monkeypatch.setenv("LLMHUB_GRACE_SECONDS", "soon")
    before = set(Path(tempfile.gettempdir()).glob("llmhub-bench-*"))

    assert command.run(options()) == 1

    assert "LLMHUB_GRACE_SECONDS='soon'" in capsys.readouterr().err
    assert set(Path(tempfile.gettempdir()).glob("llmhub-bench-*")) <= before


def test_it_is_short_and_for_people_unless_asked():
    given = options()

    assert given.seconds * 12 < 30
    assert given.json is False
