"""`llmhub pause` and `resume`: the switch for everything."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.people import organisation


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `pause` and `resume`."""
    pause = commands.add_parser("pause", help="answer every call with 503 and this reason")
    pause.add_argument("reason")
    pause.set_defaults(run=pause_all)
    commands.add_parser("resume", help="let calls through again").set_defaults(run=resume_all)


def pause_all(options: Namespace) -> int:
    """Pause the gateway."""
    organisation.pause(actor=COMMAND_LINE, reason=options.reason)
    show.line("paused: every call is answered with 503 until `llmhub resume`")
    return 0


def resume_all(options: Namespace) -> int:
    """Let calls through again."""
    organisation.resume(actor=COMMAND_LINE)
    show.line("resumed")
    return 0
