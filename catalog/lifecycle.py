"""Pure: where a model stands in its life; derived from its dates, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum


class Stage(StrEnum):
    """Where a model stands."""

    CURRENT = "current"
    SUPERSEDED = "superseded"  # it answers, and another one is named to be used instead
    DEPRECATED = "deprecated"  # its provider said so, or the day of its end is set
    RETIRED = "retired"  # it no longer answers


def stage(*, deprecated_on: date | None, sunset_on: date | None, replacement: str, today: date) -> Stage:
    """Return the stage of a model on a day."""
    if sunset_on is not None and sunset_on <= today:
        return Stage.RETIRED
    if sunset_on is not None or (deprecated_on is not None and deprecated_on <= today):
        return Stage.DEPRECATED
    return Stage.SUPERSEDED if replacement or deprecated_on else Stage.CURRENT


def leads_back(slug: str, replacements: Mapping[str, str]) -> bool:
    """Return whether whoever follows the replacements of a model comes back to it."""
    passed, step = set(), replacements.get(slug, "")
    while step and step not in passed:
        if step == slug:
            return True
        passed.add(step)
        step = replacements.get(step, "")
    return False


def days_left(sunset_on: date | None, today: date) -> int | None:
    """Return the days until a model ends, 0 once it has; None where no day is set."""
    return None if sunset_on is None else max(0, (sunset_on - today).days)
