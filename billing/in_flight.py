"""The calls that run now: each holds money, and its reservation says whose it is and where it goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import Reservation, UsageRecord
from billing.record import RequestRow, request_rows

SHOWN = 100  # the oldest: what hangs is there
_LOOKED_AT = 5_000  # reservations
_FACTS = (
    *("team_id", "key_id", "person_id", "requested", "streamed", "dialect"),
    *("entry_id", "offer_id", "provider_id", "tags", "session"),
)


@dataclass(frozen=True)
class Running:
    """One call that runs, as its ledger knows it."""

    row: RequestRow
    held_nano: int  # what it may cost at most, in nano-USD
    ends_by: datetime  # when it is given up, if nobody settles it before
    runs: timedelta

    @property
    def milliseconds(self) -> float:
        """How long it has been running."""
        return self.runs / timedelta(milliseconds=1)


@dataclass(frozen=True)
class InFlight:
    """The calls that run now, the oldest first."""

    rows: tuple[Running, ...]
    count: int  # of all
    is_all: bool  # False: there are more than were looked at


def in_flight(teams: frozenset[int] | None, *, now: datetime, limit: int = SHOWN) -> InFlight:
    """Return the calls that run now, of these teams; None: of every team."""
    held = Reservation.objects.filter(expires_at__gte=int(now.timestamp())).order_by("id")
    found = [(row, json.loads(row.facts)) for row in held[: _LOOKED_AT + 1]]
    mine = [
        (row, facts) for row, facts in found[:_LOOKED_AT] if teams is None or facts.get("team_id") in teams
    ]
    shown = mine[:limit]
    rows = request_rows([_record(row, facts) for row, facts in shown])
    return InFlight(
        rows=tuple(_running(row, held, now) for row, (held, _) in zip(rows, shown, strict=True)),
        count=len(mine),
        is_all=len(found) <= _LOOKED_AT,
    )


def _record(row: Reservation, facts: dict[str, object]) -> UsageRecord:
    """Return the record to come, as far as it is known."""
    return UsageRecord(id=row.pk, **{name: facts[name] for name in _FACTS if facts.get(name) is not None})


def _running(row: RequestRow, held: Reservation, now: datetime) -> Running:
    return Running(
        row=row,
        held_nano=held.amount_nano,
        ends_by=datetime.fromtimestamp(held.expires_at, tz=now.tzinfo),
        runs=max(timedelta(), now - row.at),
    )
