"""Pure: rows as CSV or JSON lines.

A spreadsheet takes a cell that begins with =, +, -, @, a tab or a line break for a formula, also behind
spaces. What callers and providers wrote is data, so such a cell gets an apostrophe in front; numbers
of ours stay as they are. JSON lines need none of it.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Cells = Mapping[str, Any]


def csv_text(rows: Iterable[Cells], columns: Sequence[str], *, header: bool) -> str:
    """Return rows as CSV with these columns, after a line that names them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if header:
        writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def jsonl_text(rows: Iterable[Cells], columns: Sequence[str]) -> str:
    """Return rows as JSON, one on each line."""
    return "".join(
        json.dumps({column: _value(row[column]) for column in columns}, ensure_ascii=False) + "\n"
        for row in rows
    )


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return harmless(json.dumps(value, ensure_ascii=False))
    return "" if value is None else _plain(value)


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | dict) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; NUL, which ends a cell in some, is left out."""
    text = text.replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
