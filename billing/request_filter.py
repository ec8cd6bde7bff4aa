"""Pure: which requests a list shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FAILED = "failed"  # error or interrupted


@dataclass(frozen=True)
class RequestFilter:
    """Which requests to list; empty means any."""

    teams: frozenset[int] | None = None  # of these teams only; None: of every team and of the hub itself
    team_id: int | None = None
    key_id: int | None = None
    person_id: int | None = None
    model: str = ""  # the name that was asked for, or the id of the model that answered
    status: str = ""  # one, or FAILED for what counts as an error
    code: str = ""  # error code
    provider_id: int | None = None
    cost_centre: str = ""
    source: str = ""  # of the cost
    tag: str = ""  # name=value
    wasted: str = ""  # see WASTED of billing/record.py
    since: datetime | None = None  # by default the last 7 days; 31 at most
    until: datetime | None = None
