"""Show rows: a table for people, `--json` for programs."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from llmhub.lib import figures

Row = dict[str, Any]


def add_json(parser: ArgumentParser) -> None:
    """Offer `--json` on a command that reads."""
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")


def rows(options: Namespace, found: Iterable[Row], *, columns: Sequence[str], empty: str) -> int:
    """Print rows by the columns named, or `empty` where there are none."""
    found = list(found)
    if options.json:
        return document(found)
    if not found:
        line(empty)
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in found:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _console().print(table)
    return 0


def facts(options: Namespace, row: Row) -> int:
    """Print one thing: a line for each of its facts."""
    if options.json:
        return document(row)
    width = max(len(name) for name in row)
    for name, value in row.items():
        line(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")
    return 0


def document(value: Any) -> int:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")
    return 0


def line(text: str) -> None:
    """Print one line of the answer."""
    sys.stdout.write(_harmless(text) + "\n")


def problem(text: str) -> None:
    """Print what is wrong, where errors go."""
    sys.stderr.write(f"llmhub: {_harmless(text)}\n")


def _harmless(text: str) -> str:
    """Return `text` without letters that a terminal would obey: names are other people's words."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


def _console() -> Console:
    """A pipe gets whole lines, a terminal its own width."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)


def _cell(value: Any) -> str:
    if value is None or value in ("", [], (), {}):
        return "—"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return _harmless(figures.words(value))
