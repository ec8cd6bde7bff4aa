"""`llmhub demo`: a demo's calls by the million."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from rich.console import Console
from rich.progress import track

from llmhub.cli import show
from llmhub.demo import seed, setting
from llmhub.demo.own_home import be_a_demo
from llmhub.lib import clock
from llmhub.up import home, ready
from llmhub.up.prepare import prepare_database


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `demo seed`."""
    noun = commands.add_parser("demo", help="a demo's calls by the million; `./run demo` shows them")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    _register_seed(verbs.add_parser("seed", help="replace the calls of a demo that does not run"))


def _register_seed(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--attempts", type=int, default=1_000_000, help="upstream calls, about (default: %(default)s)"
    )
    parser.add_argument(
        "--days", type=int, default=seed.DAYS, help="over so many days (default: %(default)s)"
    )
    parser.set_defaults(run=run_seed)


def run_seed(options: Namespace) -> int:
    """Load calls into the demo that `up --demo` shows."""
    be_a_demo()
    try:
        lock = home.take(settings.HOME)
    except home.HomeTaken as running:
        raise ValidationError(str(running)) from None
    began = time.monotonic()
    prepare_database()
    note = settings.HOME / "simulator-port"
    setting.write(ready.url("127.0.0.1", int(note.read_text()) if note.exists() else 9), clock.now())
    written = seed.load(options.attempts, days=options.days, each=_shown)
    os.close(lock)
    show.line(f"wrote {written:,} attempts with their calls and sums in {time.monotonic() - began:.0f} s")
    return 0


def _shown(days: list[date]) -> Iterable[date]:
    """Go over days; a terminal sees how far it is."""
    console = Console(stderr=True)
    return track(days, "Days", console=console, disable=not sys.stderr.isatty())
