"""Read the environment: each variable is declared once, with its type, default and meaning.

`VARIABLES` is what docs/configuration.md is compared with.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


class BadEnvironment(ValueError):
    """A variable has a value that cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Variable:
    """One environment variable as the documentation lists it."""

    name: str
    kind: str  # text, number, switch, list
    default: str
    meaning: str
    example: str


VARIABLES: dict[str, Variable] = {}


def _declare(name: str, kind: str, default: str, meaning: str, example: str) -> str:
    VARIABLES[name] = Variable(name, kind, default, meaning, example)
    return os.environ.get(name, "").strip() or default


def text(name: str, *, default: str = "", meaning: str, example: str) -> str:
    """Return a text variable; empty counts as unset."""
    return _declare(name, "text", default, meaning, example)


def words(name: str, *, default: str = "", meaning: str, example: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    value = _declare(name, "list", default, meaning, example)
    return [word.strip() for word in value.split(",") if word.strip()]


def number(name: str, *, default: int, meaning: str, example: str) -> int:
    """Return a whole-number variable. Raises `BadEnvironment` on anything else."""
    value = _declare(name, "number", str(default), meaning, example)
    if not value.isdecimal():
        raise BadEnvironment(f"{name}={value!r}: use a whole number, for example {example}")
    return int(value)


def switch(name: str, *, default: bool, meaning: str, example: str = "true") -> bool:
    """Return an on/off variable. Raises `BadEnvironment` on anything but true and false."""
    value = _declare(name, "switch", str(default).lower(), meaning, example).lower()
    if value not in {"true", "false", "1", "0"}:
        raise BadEnvironment(f"{name}={value!r}: use true or false")
    return value in {"true", "1"}
