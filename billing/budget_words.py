"""Pure: how sentences call a budget and its periods."""

from __future__ import annotations

from datetime import datetime

_ITS = {
    "hour": "hourly budget",
    "day": "daily budget",
    "week": "weekly budget",
    "month": "monthly budget",
    "year": "yearly budget",
    "total": "budget",
}
_KINDS = {"provider": "Provider ", "model": "Model ", "tag": "Tag ", "key": "Key "}


def owner(scope: str, name: str) -> str:
    """Return what a budget is of, at the beginning of a sentence: `support`, `Key bot`."""
    return f"{_KINDS.get(scope, '')}{name}" if name else "The organisation"


def its(per: str) -> str:
    """Return what it has: `monthly budget`."""
    return _ITS[per]


def ends(moment: datetime | None, zone: str) -> str:
    """Return when a period ends, as the end of a sentence about it; nothing where it never does."""
    return "" if moment is None else f" The next period begins on {moment:%-d %B %Y at %H:%M} ({zone})."
