"""Pure: the small checks that strict providers make of a request, each a refusal that says where."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from llmhub.simulator.replies import BadRequest

TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
EXTRA = "Extra inputs are not permitted"


def refuse_unless(holds: object, where: str, why: str) -> None:
    """Raise `BadRequest` with the place and the reason unless the condition holds."""
    if not holds:
        raise BadRequest(f"{where}: {why}")


def only(given: dict[str, Any], known: Collection[str], where: str, why: str = EXTRA) -> None:
    """Refuse fields that are not known."""
    for field in given:
        refuse_unless(field in known, f"{where}.{field}" if where else field, why)


def required(given: dict[str, Any], fields: Collection[str], where: str = "") -> None:
    """Refuse an object that lacks a field, or has null in its place."""
    for field in fields:
        refuse_unless(given.get(field) is not None, f"{where}.{field}" if where else field, "Field required")


def an_object(given: Any, where: str) -> dict[str, Any]:
    """Return `given` if it is an object, else refuse it."""
    refuse_unless(isinstance(given, dict), where, "Input should be an object")
    found: dict[str, Any] = given
    return found


def a_list(given: Any, where: str) -> list[Any]:
    """Return `given` if it is a list, else refuse it."""
    refuse_unless(isinstance(given, list), where, "Input should be a list")
    found: list[Any] = given
    return found


def a_number(given: Any, where: str, *, low: float, high: float, whole: bool = False) -> None:
    """Refuse what is no number within the bounds; null is as if it were left out."""
    kind = int if whole else (int, float)
    fits = isinstance(given, kind) and not isinstance(given, bool) and low <= given <= high
    refuse_unless(given is None or fits, where, f"Input should be a number from {low} to {high}")


def one_of(given: Any, words: Collection[Any], where: str) -> None:
    """Refuse what is none of the words; null is as if it were left out."""
    fits = given is None or (isinstance(given, str) and given in words)
    refuse_unless(fits, where, f"Input should be one of {', '.join(map(str, words))}")


def a_match(given: Any, pattern: re.Pattern[str], where: str) -> None:
    """Refuse a text that does not match as a whole."""
    fits = isinstance(given, str) and pattern.fullmatch(given)
    refuse_unless(fits, where, f"String should match pattern '^{pattern.pattern}$'")
