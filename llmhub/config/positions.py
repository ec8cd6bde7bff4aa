"""Pure: where the keys and values of a TOML text stand; no TOML library keeps that.

A small scanner for texts that `tomllib` has read already: it only has to find its way, not to
judge. Source of the grammar: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (  # the longer quotes first; a backslash escapes only in the double ones
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


@dataclass(frozen=True)
class Position:
    """Line and column of a letter, both counted from 1."""

    line: int
    column: int


def positions(text: str) -> dict[Path, Position]:
    """Return where each key and each value of a list begins, by its path; `()` is the beginning."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._found: dict[Path, Position] = {(): Position(1, 1)}
        self._rows: dict[Path, int] = {}  # of each list of tables, the row that is being written

    def scan(self) -> dict[Path, Position]:
        table: Path = ()
        while self._skip_space():
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _skip_space(self) -> bool:
        """Go to the next letter that counts and return whether there is one."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self._text)

    def _note(self, path: Path, at: int) -> None:
        line = bisect_right(self._lines, at)
        self._found.setdefault(path, Position(line, at - self._lines[line - 1] + 1))

    def _header(self) -> Path:
        """Read `[a.b]` or `[[a.b]]` and return the path that the pairs below it belong to."""
        double = self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        keys = self._keys()
        path: Path = ()
        for place, (key, at) in enumerate(keys, start=1):
            path = (*path, key)
            self._note(path, at)
            if double and place == len(keys):
                self._rows[path] = self._rows.get(path, -1) + 1
            if path in self._rows:
                path = (*path, self._rows[path])
                self._note(path, at)
        self._at += 2 if double else 1
        return path

    def _keys(self) -> list[tuple[str, int]]:
        """Read a key, dotted or not: its parts and where each begins."""
        parts = []
        while True:
            self._skip_space()
            at = self._at
            match = _BARE.match(self._text, at) or self._string()
            self._at = match.end() if match else at + 1
            parts.append((_unquoted(self._text[at : self._at]), at))
            self._skip_space()
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _string(self) -> re.Match[str] | None:
        return next((found for kind in _STRINGS if (found := kind.match(self._text, self._at))), None)

    def _pair(self, table: Path) -> None:
        path = table
        for key, at in self._keys():
            path = (*path, key)
            self._note(path, at)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_space()
        if self._text.startswith("[", self._at):
            self._list(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            match = self._string() or _SCALAR.match(self._text, self._at)
            self._at = match.end() if match else self._at + 1

    def _list(self, path: Path) -> None:
        self._at += 1
        row = 0
        while self._skip_space() and not self._text.startswith("]", self._at):
            self._note((*path, row), self._at)
            self._value((*path, row))
            row += 1
            self._skip_comma()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._skip_space() and not self._text.startswith("}", self._at):
            self._pair(path)
            self._skip_comma()
        self._at += 1

    def _skip_comma(self) -> None:
        self._skip_space()
        if self._text.startswith(",", self._at):
            self._at += 1


def _unquoted(key: str) -> str:
    if key.startswith('"'):
        return next(iter(tomllib.loads(f"{key} = 0")))
    return key.strip("'")
