"""Reports of spend and savings in the management API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from ninja import Query as Words
from ninja import Router
from pydantic import BaseModel, Field

from billing import spend_range
from billing.movers import movers
from billing.savings import repriced, savings
from billing.spend_query import MOST_VALUES, Query, day, question
from billing.spend_report import Question, report
from billing.spend_shapes import MoverOut, SavingsOut, SpendOut, mover_out, savings_out, spend_out
from billing.visible import teams_of
from llmhub.lib import clock, zones
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Limit, Page
from llmhub.people import organisation
from llmhub.people.api_access import caller

router = Router()
T = TypeVar("T")
_MAX_ID = 2**63 - 1
Word = Annotated[str, Field(max_length=200)]
Zone = Annotated[str, Field(max_length=64, description="IANA name; empty: the organisation's")]
Day = Annotated[str, Field(max_length=10, description="a day of the zone, 2026-03-29")]
Few = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=MOST_VALUES)]
TAG = "^[^=]+="


class SpendFilters(BaseModel):
    """Which calls count: of each dimension one of these values."""

    team: Few = []
    key: Few = []
    person: Few = []
    provider: Few = []
    model: Few = []
    requested: Few = []
    cost_centre: Few = []
    source: Few = []
    tag: Annotated[
        list[Annotated[str, Field(max_length=300, pattern=TAG)]],
        Field(max_length=MOST_VALUES, description="name=value, of a report tag"),
    ] = []

    def only(self) -> dict[str, list[str]]:
        """Return the values by the word of their dimension."""
        found: dict[str, list[str]] = self.model_dump(exclude={"tag"})
        for each in self.tag:
            name, _, value = each.partition("=")
            found.setdefault(f"tag:{name}", []).append(value)
        return found


@router.get("/reports/spend", response={200: SpendOut, **REFUSALS})
def show_spend(
    request: HttpRequest,
    filters: Words[SpendFilters],
    group_by: Word = "team",
    measure: Word = "spend",
    interval: Word = "day",
    since: Day = "",
    until: Day = "",
    zone: Zone = "",
    cursor: Cursor = "",
    limit: Limit = 25,
) -> SpendOut:
    """Spend by one dimension, the most first, and everything else: they add up to the total.

    `group_by` is team, key, person, provider, model, requested, cost_centre, source or tag:NAME.
    The last 30 days unless `since` and `until` say otherwise, against as many days before.
    """
    actor = caller(request, "read")
    query = Query(by=group_by, measure=measure, per=interval, since=since, until=until, only=filters.only())
    now = clock.now()

    def asked() -> Question:
        made = question(query, teams=teams_of(actor), now=now, zone=_zone(zone), top=limit)
        return replace(made, after=_after(made, cursor)) if cursor else made

    return spend_out(report(_refused(asked), now=now))


@router.get("/reports/movers", response={200: Page[MoverOut], **REFUSALS})
def show_movers(request: HttpRequest, zone: Zone = "") -> Page[MoverOut]:
    """List what moved spend most since the month began, against as many days before."""
    teams = teams_of(caller(request, "read"))
    found = movers(clock.now(), _refused(lambda: _zone(zone)), teams=teams)
    return Page(data=[mover_out(mover) for mover in found], next_cursor="")


@router.get("/reports/savings", response={200: SavingsOut, **REFUSALS})
def show_savings(request: HttpRequest, since: Day = "", until: Day = "", zone: Zone = "") -> SavingsOut:
    """Say what was paid for nothing by stated rules, and what the same calls would cost at today's prices."""
    teams, now = teams_of(caller(request, "read")), clock.now()
    range_ = _refused(
        lambda: spend_range.asked(now=now, zone=_zone(zone), since=day(since), until=day(until))
    )
    return savings_out(savings(range_, teams=teams), repriced(range_, teams=teams, now=now))


def _refused(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except ValueError as refusal:
        raise BadQuery(str(refusal)) from refusal


def _zone(name: str) -> ZoneInfo:
    if not name:
        return ZoneInfo(organisation.current().time_zone)
    if wrong := zones.fault(name):
        raise ValueError(wrong)
    return ZoneInfo(name)


def _after(asked: Question, cursor: str) -> tuple[int, int | str]:
    """Return the amount and value after which a page begins. Raises `ValueError`."""
    amount, colon, value = cursor.partition(":")
    digits = amount.removeprefix("-")
    if not colon or not digits.isascii() or not digits.isdecimal() or int(digits) > _MAX_ID or "\0" in value:
        raise ValueError(f"cursor {cursor!r} is none of this list's: take next_cursor as it came")
    if not asked.by.column.is_number:
        return int(amount), value
    if not value.isascii() or not value.isdecimal() or int(value) > _MAX_ID:
        raise ValueError(f"cursor {cursor!r} is none of this list's: take next_cursor as it came")
    return int(amount), int(value)
