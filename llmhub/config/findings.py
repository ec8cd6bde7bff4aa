"""Pure: read llmhub.toml and say everything that is wrong with it, with line and column."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from llmhub.config.positions import Path, Position, positions
from llmhub.config.schema import LATER, Config

_MESSAGES = {  # pydantic's word for a mistake → ours
    "missing": "is missing",
    "int_type": "must be a whole number, without quotes",
    "string_type": "must be text, in quotes",
    "bool_type": "must be true or false",
    "list_type": "must be a list: [ … ]",
    "date_type": "must be a date, without quotes: 2026-12-01",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} letters",
    "string_pattern_mismatch": "has a letter that cannot stand there: use letters, digits, . _ - : @ / ~ +",
}

_ALONE = (("ref",), ("model",))  # a reference, or a target of a route, that may stand without its table


@dataclass(frozen=True)
class Finding:
    """One mistake, where it stands, and what was probably meant."""

    line: int
    column: int
    path: str  # dotted; "" for the file as a whole
    message: str
    did_you_mean: str = ""

    def __str__(self) -> str:
        hint = f": did you mean {self.did_you_mean!r}?" if self.did_you_mean else ""
        return f"{self.line}:{self.column}: {self.path}{': ' if self.path else ''}{self.message}{hint}"


class Places:
    """Where the keys of a text stand, for findings."""

    def __init__(self, text: str) -> None:
        self._known = positions(text)

    def has(self, path: Path) -> bool:
        """Return whether the text has this key."""
        return path in self._known

    def finding(self, path: Path, message: str, did_you_mean: str = "") -> Finding:
        """Return a finding at `path`, or at the nearest place above it that is in the text."""
        place = path = self._as_written(path)
        while place not in self._known:
            place = place[:-1]
        where: Position = self._known[place]
        return Finding(where.line, where.column, dotted(path), message, did_you_mean)

    def _as_written(self, path: Path) -> Path:
        """Return `path` without the numbers of rows that the text has no list for: one table stands there."""
        written: Path = ()
        for part in path:
            if not isinstance(part, int) or (*written, part) in self._known:
                written = (*written, part)
        return written


def read(text: str) -> tuple[Config | None, list[Finding]]:
    """Return what the text says, or None and every mistake in it, in the order of the text."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax(text, str(error))]
    except RecursionError:
        return None, [Finding(1, 1, "", "is nested too deeply")]
    try:
        return Config.model_validate(content), []
    except ValidationError as error:
        places = Places(text)
        found = {_finding(places, detail) for detail in error.errors()}
        return None, sorted(found, key=lambda finding: (finding.line, finding.column, finding.path))


def near(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `word` looks like, or an empty text."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


def dotted(path: Path) -> str:
    """Return a path as TOML writes it: `models."acme/small".offers.lab`, `credentials[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{key}" if text else key
    return text


def _syntax(text: str, trouble: str) -> Finding:
    """Return a finding from `tomllib`, which writes the place into its message."""
    message, _, place = trouble.partition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    line, column = numbers if len(numbers) == 2 else (text.count("\n") + 1, 1)
    return Finding(line, column, "", f"is no TOML: {message}")


def _finding(places: Places, detail: ErrorDetails) -> Finding:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    if path[-1:] in _ALONE and not places.has(path) and isinstance(detail["input"], str):
        path = path[:-1]
    if detail["type"] == "extra_forbidden":
        return _unknown_key(places, path)
    context: dict[str, Any] = detail.get("ctx", {})
    if detail["type"] == "unknown_word":
        return places.finding(path, context["shown"], near(str(detail["input"]), context["known"]))
    if detail["type"] == "value_error":
        return places.finding(path, str(context["error"]))
    return places.finding(path, _MESSAGES.get(detail["type"], detail["msg"]).format(**context))


def _unknown_key(places: Places, path: Path) -> Finding:
    key = str(path[-1])
    if key in LATER:
        return places.finding(path, f"this version knows no {key} here yet: take it out")
    return places.finding(path, "is unknown", near(key, _keys_at(path[:-1])))


def _keys_at(path: Path) -> list[str]:
    """Return the keys that the table at `path` may have."""
    model: type[BaseModel] = Config
    skip = False  # the next part is a name somebody chose
    for part in (part for part in path if isinstance(part, str)):
        if skip:
            skip = False
            continue
        inner, skip = _table_of(model.model_fields[part].annotation)
        model = inner or model
    return list(model.model_fields)


def _table_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the table that a field holds, and whether it holds several of them by name."""
    if _is_table(annotation):
        return annotation, False
    for part in getattr(annotation, "__args__", ()):
        inner, by_name = _table_of(part)
        if inner:
            return inner, by_name or get_origin(annotation) is dict
    return None, False


def _is_table(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)
