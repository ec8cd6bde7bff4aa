"""Pure: what happened to a budget, in words, from its audit events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_WORDS = {
    "budget.created": "Made with a cap of {cap}",
    "budget.removed": "Removed",
    "budget.raised": "Raised to {raised_to} until {raised_until}",
    "budget.raise_ended": "The raise was ended",
    "budget.raise_asked": "Asked for {cap} until {until}: {reason}",
    "budget.raise_approved": "Approved {cap} until {until}",
    "budget.raise_refused": "Refused {cap}",
    "budget.raise_withdrawn": "Took the question for {cap} back",
}
_NAMES = {
    "contact": "whom to ask",
    "alert_at": "tell at",
    "raised_to": "raised to",
    "raised_until": "raised until",
}


def told(action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Return one line for an event; fields that it does not have are left out of it."""
    if action == "budget.changed":
        return "Changed " + "; ".join(_changes(before or {}, after or {}))
    text = _WORDS.get(action, action).format_map(_Known(after or {}))
    note = (after or {}).get("note") or (
        "" if action == "budget.raise_asked" else (after or {}).get("reason")
    )
    return f"{text}: {note}" if note else text


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what differs, whatever it is: a fact that is new needs no word here."""
    return [
        f"{_NAMES.get(key, key)} from {_word(before.get(key))} to {_word(after.get(key))}"
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


class _Known(dict[str, Any]):
    """The values of an event, moments in words."""

    def __getitem__(self, key: str) -> Any:
        value = self.get(key, "?")
        if not key.endswith("until") or key not in self:
            return value
        return f"{datetime.fromisoformat(value):%-d %b %Y, %H:%M %Z}"
