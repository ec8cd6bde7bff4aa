"""`llmhub up` and `llmhub bench`: commands that run processes."""

from __future__ import annotations

from argparse import _SubParsersAction
from typing import Any

from llmhub.bench import command as bench
from llmhub.up import command as up

COMMANDS = (
    ("up", up, "serve everything: gateway, console, worker, schedules"),
    ("bench", bench, "measure gateway, pages and ledger against a bare passthrough"),
)


def register(commands: _SubParsersAction[Any]) -> None:
    """Add every command of `COMMANDS`."""
    for name, command, what in COMMANDS:
        parser = commands.add_parser(name, help=what)
        command.add_arguments(parser)
        parser.set_defaults(run=command.run)
