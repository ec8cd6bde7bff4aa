"""The calls that run now, as programs read them."""

from __future__ import annotations

from datetime import datetime

from billing.in_flight import InFlight, Running
from billing.shapes import slug_of, usd
from llmhub.lib.rest import Output


class RunningOut(Output):
    """A call that runs: whose it is, where it goes, and what it holds until it ends."""

    id: str
    since: datetime
    runs_ms: int
    team: str | None
    key: int | None
    person: str | None
    requested: str
    model: str | None
    provider: str | None
    streamed: bool
    tags: dict[str, str]
    session: str
    held: str | None  # USD: the most it may cost
    ends_by: datetime  # then it is given up as interrupted, if nobody settles it before


class InFlightOut(Output):
    """The oldest calls that run now, and how many there are of all."""

    data: list[RunningOut]
    count: int
    is_all: bool  # false: there are more than were looked at


def in_flight_out(found: InFlight) -> InFlightOut:
    """Return the calls that run as programs read them."""
    return InFlightOut(data=list(map(_running, found.rows)), count=found.count, is_all=found.is_all)


def _running(each: Running) -> RunningOut:
    row, record = each.row, each.row.record
    return RunningOut(
        id=row.request_id,
        since=row.at,
        runs_ms=round(each.milliseconds),
        team=slug_of(row.team),
        key=record.key_id,
        person=row.person.email if row.person else None,
        requested=record.requested,
        model=slug_of(row.entry),
        provider=slug_of(row.provider),
        streamed=record.streamed,
        tags=record.tags,
        session=record.session,
        held=usd(each.held_nano),
        ends_by=each.ends_by,
    )
