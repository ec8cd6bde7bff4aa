"""Read the environment: each variable is declared once, with its type, default and meaning.

`VARIABLES` is what docs/configuration.md is compared with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass


class BadEnvironment(ValueError):
    """A variable has a value that cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Variable:
    """One environment variable as the documentation lists it."""

    name: str
    kind: str  # text, number, switch, list, or the choices
    default: str  # as the documentation shows it
    meaning: str
    example: str


VARIABLES: dict[str, Variable] = {}


def _declare(variable: Variable, default: str) -> str:
    VARIABLES[variable.name] = variable
    return os.environ.get(variable.name, "").strip() or default


def text(name: str, *, default: str = "", shown: str = "", meaning: str, example: str) -> str:
    """Return a text variable; empty counts as unset. `shown` is a default that depends on the machine."""
    return _declare(Variable(name, "text", shown or default, meaning, example), default)


def address(name: str, *, meaning: str, example: str) -> str:
    """Return an `http://host:port` address, or "". Raises `BadEnvironment` on anything else."""
    value = _declare(Variable(name, "http address", "", meaning, example), "").rstrip("/")
    if value and not re.fullmatch(r"http://[^/?#@]+", value):
        raise BadEnvironment(f"{name}={value!r}: use an http address without a path, for example {example}")
    return value


def choice(name: str, *, options: Sequence[str], default: str, meaning: str, example: str) -> str:
    """Return one of `options`, whatever its case. Raises `BadEnvironment` on anything else."""
    value = _declare(Variable(name, ", ".join(options), default, meaning, example), default)
    for option in options:
        if option.lower() == value.lower():
            return option
    raise BadEnvironment(f"{name}={value!r}: use {', '.join(options)}")


def words(name: str, *, default: str = "", meaning: str, example: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    value = _declare(Variable(name, "list", default, meaning, example), default)
    return [word.strip() for word in value.split(",") if word.strip()]


def number(name: str, *, default: int, meaning: str, example: str) -> int:
    """Return a whole-number variable. Raises `BadEnvironment` on anything else."""
    value = _declare(Variable(name, "number", str(default), meaning, example), str(default))
    if not value.isdecimal():
        raise BadEnvironment(f"{name}={value!r}: use a whole number, for example {example}")
    return int(value)


def switch(name: str, *, default: bool, meaning: str, example: str = "true") -> bool:
    """Return an on/off variable. Raises `BadEnvironment` on anything but true and false, on and off."""
    usual = str(default).lower()
    value = _declare(Variable(name, "switch", usual, meaning, example), usual).lower()
    if value not in {"true", "false", "on", "off", "1", "0"}:
        raise BadEnvironment(f"{name}={value!r}: use true or false")
    return value in {"true", "on", "1"}


def require_in_production(**values: object) -> None:
    """Raise `BadEnvironment` with the names of the variables that are missing, or no https address."""
    if missing := [name for name, value in values.items() if not value]:
        raise BadEnvironment(
            f"LLMHUB_PROFILE=production needs {', '.join(missing)}: "
            "set them (LLMHUB_PUBLIC_URL must begin with https://), see docs/configuration.md"
        )
