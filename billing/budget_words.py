"""Pure: how sentences call a budget and its periods."""

from __future__ import annotations

from datetime import datetime

from billing.amount import read
from billing.entries import Unit
from llmhub.lib import figures

_ITS = {
    "hour": "hourly budget",
    "day": "daily budget",
    "week": "weekly budget",
    "month": "monthly budget",
    "year": "yearly budget",
    "total": "budget",
}
_OF_A_TEAM = ("team", "key")
_KINDS = {"provider": "Provider ", "model": "Model ", "tag": "Tag ", "key": "Key "}


def said(amount: int, unit: Unit) -> str:
    """Return an amount to the cent: `81.25 USD`, `1 800 tokens`; `exact` has every digit."""
    if unit == "usd":
        return f"{figures.usd(amount)} USD"
    return f"{figures.count(amount)} {unit if amount != 1 else unit[:-1]}"


def exact(amount: int, unit: Unit) -> str:
    """Return an amount with every digit, as a refusal says it: `0.0012 USD`, `24 416 183 tokens`."""
    return read(amount, unit) if unit == "usd" else said(amount, unit)


def owner(scope: str, name: str) -> str:
    """Return what a budget is of, at the beginning of a sentence: `support`, `Key bot`."""
    return f"{_KINDS.get(scope, '')}{name}" if name else "The organisation"


def decider(scope: str) -> str:
    """Return who raises a budget that names nobody to ask."""
    return "a manager of the team or an admin" if scope in _OF_A_TEAM else "an admin"


def its(per: str) -> str:
    """Return what it has: `monthly budget`."""
    return _ITS[per]


def ends(moment: datetime | None, zone: str) -> str:
    """Return when a period ends, as the end of a sentence about it; nothing where it never does."""
    return "" if moment is None else f" The next period begins on {moment:%-d %B %Y at %H:%M} ({zone})."


def hours(number: float) -> str:
    """Return a length of time in a sentence: `40 minutes`, `5 hours`, `3 days`."""
    if number < 2:
        return f"{max(round(number * 60), 2)} minutes"
    return f"{number:.0f} hours" if number < 48 else f"{number / 24:.0f} days"
