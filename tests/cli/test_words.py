"""Only the module of the word that is called is loaded, so each word has to be known before."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module

import pytest

from llmhub.cli.main import NOUNS, parser

LOADED = "import sys\nfrom llmhub.cli.main import run\nrun(['team', 'list'])\nprint(*sys.modules)"


@pytest.mark.parametrize("module", NOUNS)
def test_each_module_registers_the_words_it_is_known_by(module):
    commands = ArgumentParser().add_subparsers()

    import_module(f"llmhub.cli.{module}").register(commands)

    assert tuple(commands.choices) == NOUNS[module]


def test_a_command_loads_no_other():
    setup = "import django\ndjango.setup()\n"
    done = subprocess.run([sys.executable, "-c", setup + LOADED], capture_output=True, text=True, timeout=60)

    loaded = {name.removeprefix("llmhub.cli.") for name in done.stdout.split() if "llmhub.cli." in name}
    assert "team" in loaded
    assert not loaded & (NOUNS.keys() - {"team"})


def test_a_word_that_is_none_of_ours_is_answered_with_all_of_them(capsys):
    with pytest.raises(SystemExit) as stop:
        parser("modle").parse_args(["modle"])

    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert all(word in said for words in NOUNS.values() for word in words)
