"""Pure: read a TOML table key by key, and note everything that is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.pricing import MAX_PRICE
from llmhub.lib import money


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, where it stands and what to do."""

    file: str
    key: str  # dotted path
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}"


class Table:
    """One table while it is read: takes keys out, notes what is wrong, names what is left over.

    A wrong value is noted and read as missing, so that one pass finds everything.
    """

    def __init__(self, file: str, path: str, values: dict[str, Any], findings: list[Finding]) -> None:
        self.file = file
        self.path = path
        self._left = dict(values)
        self._known: list[str] = []
        self._findings = findings

    def child(self, path: str, values: dict[str, Any]) -> Table:
        """Return a table below this one, with the same findings."""
        return Table(self.file, f"{self.path}.{path}", values, self._findings)

    def note(self, key: str, message: str) -> None:
        """Note a finding at `key` of this table."""
        self._findings.append(Finding(self.file, f"{self.path}.{key}".strip("."), message))

    def _take(self, key: str, kinds: type | tuple[type, ...], wanted: str) -> Any:
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, kinds) or isinstance(value, bool):
            self.note(key, f"{value!r} is no {wanted}")
            return None
        return value

    def text(self, key: str, *, required: bool = False) -> str:
        """Take a text; "" when it is missing."""
        value = self._take(key, str, "text")
        if required and not value:
            self.note(key, "is missing")
        return value or ""

    def whole(self, key: str) -> int | None:
        """Take a positive whole number."""
        value: int | None = self._take(key, int, "whole number")
        if value is not None and value <= 0:
            self.note(key, f"{value} is not positive: leave the key out when the number is unknown")
            return None
        return value

    def day(self, key: str) -> date | None:
        """Take a date."""
        value: date | None = self._take(key, date, "date: write 2026-03-05 without quotes")
        return value.date() if isinstance(value, datetime) else value

    def words(self, key: str, allowed: Iterable[str] = ()) -> tuple[str, ...]:
        """Take a list of words, each one of `allowed` unless that is empty."""
        value = self._take(key, list, "list of words") or []
        known = list(allowed)
        for word in value:
            if not isinstance(word, str) or (known and word not in known):
                self.note(key, f"{word!r} is unknown{_meant(str(word), known)}")
        return tuple(word for word in value if isinstance(word, str))

    def amount(self, key: str, *, required: bool = False) -> Decimal | None:
        """Take a price that is written as text, so that no digit is lost; only a written 0 is free."""
        value = self._take(key, str, 'text: write prices in quotes, such as "0.15"')
        if value is None:
            if required:
                self.note(key, 'is missing: write "0" if it costs nothing')
            return None
        try:
            return money.parse(value, maximum=MAX_PRICE)
        except ValueError as exc:
            self.note(key, str(exc))
            return None

    def table(self, key: str) -> dict[str, Any]:
        """Take a table as it is."""
        value: dict[str, Any] = self._take(key, dict, "table") or {}
        return value

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Take a list of tables as they are."""
        value = self._take(key, list, "list of tables") or []
        if not all(isinstance(row, dict) for row in value):
            self.note(key, "holds something that is no table")
        return [row for row in value if isinstance(row, dict)]

    def done(self) -> None:
        """Note every key that nobody took."""
        for key in self._left:
            self.note(key, f"is unknown{_meant(key, self._known)}")


def _meant(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]!r}?" if near else ""
