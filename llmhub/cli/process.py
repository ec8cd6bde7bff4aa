"""Commands that run processes: `llmhub up` runs all of them, the others one each."""

from __future__ import annotations

from argparse import _SubParsersAction
from typing import Any

from llmhub.bench import command as bench
from llmhub.up import command as up
from llmhub.up import migrate, single

COMMANDS = (
    ("up", up, "serve everything: gateway, console, worker, schedules"),
    ("migrate", migrate, "make or update the database; any number may run it at the same time"),
    ("gateway", single.gateway, "serve calls, and relay everything else to the console"),
    ("console", single.console, "serve pages and the management API"),
    ("worker", single.worker, "do periodic work"),
    ("beat", single.beat, "say when periodic work is due; run exactly one"),
    ("bench", bench, "measure gateway, pages and ledger against a bare passthrough"),
)


def register(commands: _SubParsersAction[Any]) -> None:
    """Add every command of `COMMANDS`."""
    for name, command, what in COMMANDS:
        parser = commands.add_parser(name, help=what)
        command.add_arguments(parser)
        parser.set_defaults(run=command.run)
