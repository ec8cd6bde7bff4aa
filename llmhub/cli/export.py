"""`llmhub export`: the ledger as CSV or JSON lines, for finance."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billing.export_forms import moments
from billing.export_models import Export
from billing.export_read import Wanted, pieces
from billing.spend_query import day
from billing.visible import teams_of
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock
from llmhub.people import organisation


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `export`."""
    export = commands.add_parser("export", help="the ledger as CSV or JSON lines, for finance")
    export.add_argument("--month", metavar="YYYY-MM", default="", help="a month; else this one")
    export.add_argument("--since", metavar="DAY", default="", help="instead of --month")
    export.add_argument("--until", metavar="DAY", default="", help="that day included; today if left out")
    export.add_argument("--of", choices=Export.Of.values, default="requests", help="what one row is")
    export.add_argument("--columns", choices=Export.Columns.values, default="native")
    export.add_argument("--format", choices=Export.Format.values, default="csv")
    export.add_argument("--team", help="only of this team")
    export.add_argument("--output", metavar="FILE", default="-", help="a new file; - for standard output")
    export.set_defaults(run=write)


def write(options: Namespace) -> int:
    """Write the ledger to a file or to standard output."""
    since, until = _days(options)
    begin, end = moments(since, until, ZoneInfo(organisation.current().time_zone))
    teams = [find.team(options.team).pk] if options.team else teams_of(COMMAND_LINE)
    wanted = Wanted(options.of, options.columns, options.format, begin, end, teams)
    if options.output == "-":
        _write(wanted, lambda text: sys.stdout.write(text))
        return 0
    path = Path(options.output)
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError as there:
        raise ValueError(f"{path} is there already: choose another name") from there
    except OSError as trouble:
        raise ValueError(f"{path} cannot be written: {trouble.strerror}") from trouble
    with file:
        rows = _write(wanted, lambda text: file.write(text.encode()))
    show.line(f"{rows} rows in {path}, {path.stat().st_size} bytes, {since} to {until}")
    return 0


def _write(wanted: Wanted, out: Callable[[str], object]) -> int:
    rows = 0
    for piece in pieces(wanted):
        out(piece.text)
        rows += piece.rows
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{rows} rows")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return rows


def _days(options: Namespace) -> tuple[date, date]:
    today = clock.now().astimezone(ZoneInfo(organisation.current().time_zone)).date()
    if options.month and (options.since or options.until):
        raise ValueError("--month says the whole range: leave --since and --until out")
    if options.since or options.until:
        until = day(options.until) or today
        since = day(options.since) or until.replace(day=1)
        if since > until:
            raise ValueError("the range ends before it begins: choose an earlier --since")
        return since, until
    first = _month(options.month) if options.month else today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _month(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text, re.ASCII) or not 2025 <= int(text[:4]) < 9000:
        raise ValueError(f"--month {text!r}: write a month from 2025-01 on, such as 2026-03")
    return date(int(text[:4]), int(text[5:]), 1)
