"""Pure: tables of llmhub.toml as text, one after another, the same for the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit


def table(path: tuple[str, ...], values: Mapping[str, Any], *, is_row: bool = False) -> str:
    """Return a table with its values; lists of tables stand below it as tables of their own."""
    name = ".".join(tomlkit.key(part).as_string() for part in path)
    below = {key: rows for key, rows in values.items() if _is_tables(rows)}
    lines = [f"[[{name}]]" if is_row else f"[{name}]", *pairs(values, but=below)]
    parts = ["".join(f"{line}\n" for line in lines)]
    parts += [table((*path, key), row, is_row=True) for key, rows in below.items() for row in rows]
    return "\n".join(parts)


def pairs(values: Mapping[str, Any], *, but: Mapping[str, Any] | None = None) -> list[str]:
    """Return a line `key = value` for each of `values`."""
    return [f"{_key(key)} = {value(each)}" for key, each in values.items() if key not in (but or {})]


def value(written: Any) -> str:
    """Return a value, with a dictionary as an inline table."""
    if isinstance(written, Rows):
        return "[\n" + "".join(f"  {value(row)},\n" for row in written) + "]"
    if isinstance(written, Mapping):
        return "{ " + ", ".join(pairs(written)) + " }"
    return tomlkit.item(written).as_string()


def comment(text: str) -> str:
    """Return a comment of one line, whatever letters `text` has."""
    return "# " + "".join(letter if letter.isprintable() else "\ufffd" for letter in text) + "\n"


class Rows(list[Any]):
    """A list whose values stand in a line each, dictionaries as inline tables."""


def _key(key: str) -> str:
    return tomlkit.key(key).as_string()


def _is_tables(rows: Any) -> bool:
    is_list = isinstance(rows, list) and not isinstance(rows, Rows)
    return is_list and bool(rows) and all(isinstance(row, Mapping) for row in rows)
