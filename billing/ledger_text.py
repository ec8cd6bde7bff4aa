"""Pure: the parts of statements that are as long as what is asked for."""

from __future__ import annotations


def marks(count: int) -> str:
    """Return so many placeholders."""
    return ",".join(["%s"] * count)


def tuples(row: str, count: int) -> str:
    """Return so many rows of VALUES."""
    return ",".join([f"({row})"] * count)
