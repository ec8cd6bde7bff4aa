"""Who called by an alias lately: the keys that asked for its name, whatever it stood for then."""

from __future__ import annotations

from datetime import datetime

from billing import recent_read
from billing.callers import Caller, by_use
from billing.recent_read import Callers
from routing.policy_words import asked_as


def alias_callers(name: str, *, now: datetime, teams: frozenset[int] | None = None) -> list[Caller]:
    """Return the keys, of these teams, that asked for an alias in the last 30 days, the busiest first."""
    found = recent_read.by_key(None, Callers(teams, requested=asked_as(name)), now=now)
    return by_use({id_: (each.requests, each.spend_nano) for id_, each in found.items()})
