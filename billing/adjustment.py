"""Correct what was charged: by an entry beside it, never by another number in its place.

An adjustment is a usage record of status `adjusted` that costs the difference, so roll-ups, reports, exports
and sums of budgets have it like any call. A call of a month that has ended is corrected in this
month, unless the post names the month: a closed month changes only when somebody says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import amount as amounts
from billing import ledger_adjust, rollup, rollup_bucket
from billing.adjustment_models import Adjustment
from billing.ledger_rows import text as cleaned
from billing.models import UsageRecord
from billing.span import day_start
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, ids, money
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.roles import require
from providers.models import Provider

_MAX_REASON = 300  # letters
MAX_ONCE = 100  # letters of a key; a repricing adds the call to it
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)
_KEPT = ("team_id", "key_id", "person_id", "provider_id")  # said by the adjustment too
_COPIED = (*_KEPT, "entry_id", "offer_id", "cost_centre", "requested", "dialect", "tags", "session")
_TINY = timedelta(milliseconds=1)


class Repeated(Exception):
    """The key of a post was used before: nothing is written."""


@dataclass(frozen=True)
class Draft:
    """An adjustment before it is written."""

    once: str
    amount_nano: int
    at: datetime
    of: Mapping[str, Any]  # columns of a usage record
    supplier: tuple[int, int] = (0, 0)  # provider and entry
    corrects_id: int | None = None
    offer_id: int | None = None  # of a repricing


def post(
    *,
    actor: Actor,
    amount: str,
    reason: str,
    once: str,
    request: str = "",
    team: str = "",
    provider: str = "",
    month: str = "",
) -> tuple[Adjustment, bool]:
    """Post a correction of a request, or of a team or provider in a month; True: it is a new one.

    A post with a key that was used counts once. Raises `NotAllowed`, and `ValidationError` on what makes
    no sense, on a month that calls are no longer kept of, and on a key that was used for something else.
    """
    require(actor, "configure")
    now = clock.now()
    nano, reason = _amount(amount), reason_of(reason)
    draft, subject = _draft(nano, once=once_of(once), request=request, team=team, provider=provider,
                            month=month, now=now)  # fmt: skip
    said = {"usd": money.text(nano), "reason": reason, "counts_at": draft.at.isoformat(), "once": draft.once}
    try:
        with transaction.atomic():
            log.record(actor, "adjustment.posted", subject, after=said)  # its lock makes posts serial
            if Adjustment.objects.filter(once=draft.once).exists():
                raise Repeated
            (made,) = write([draft], reason=reason, made_by=actor.label, now=now)
    except Repeated:
        return _same(draft), False
    return made, True


def write(drafts: Sequence[Draft], *, reason: str, made_by: str, now: datetime) -> list[Adjustment]:
    """Write drafts in the open transaction. Raises `ValidationError` where calls are no longer kept."""
    whole_from = rollup.whole_from()
    if any(rollup_bucket.at(draft.at) < whole_from for draft in drafts):
        kept = datetime.fromtimestamp(whole_from, ZoneInfo(organisation.current().time_zone))
        raise ValidationError(
            {"month": f"single calls are kept since {kept:%Y-%m-%d}: sums before stay as they are, "
                      "name a later month or none"}
        )  # fmt: skip
    entries = [
        ledger_adjust.Entry(draft.amount_nano, draft.at, {**draft.of, "reason": reason}, draft.supplier)
        for draft in drafts
    ]
    made = [
        Adjustment(
            usage_id=row_id, once=draft.once, corrects_id=draft.corrects_id, offer_id=draft.offer_id,
            amount_nano=draft.amount_nano, reason=reason, made_by=made_by, made_at=now,
            **{column: draft.of.get(column) for column in _KEPT},
        )
        for row_id, draft in zip(ledger_adjust.write(entries, now=now), drafts, strict=True)
    ]  # fmt: skip
    return Adjustment.objects.bulk_create(made)


def counts_at(called_at: datetime, *, month: str = "", now: datetime) -> datetime:
    """Return when a correction of a call counts: with the call, or now where the call's month has ended.

    `month` says that the call's month is meant, though it has ended. Raises `ValidationError` on another.
    """
    own, this = month_of(called_at), month_of(now)
    if month and month not in (own, this):
        raise ValidationError({"month": f"the call is of {own}: name that month, or none for {this}"})
    return called_at if own == (month or this) else now


def columns_of(record: UsageRecord) -> dict[str, Any]:
    """Return whose a record is, for an adjustment of it."""
    return {column: getattr(record, column) for column in _COPIED}


def month_of(at: datetime) -> str:
    """Return the month of a moment in the organisation's zone: 2026-03."""
    return f"{at.astimezone(ZoneInfo(organisation.current().time_zone)):%Y-%m}"


def _same(draft: Draft) -> Adjustment:
    """Return what was posted with this key before. Raises `ValidationError` where that was something else."""
    before = Adjustment.objects.get(once=draft.once)
    was = [before.amount_nano, before.corrects_id, *(getattr(before, column) for column in _KEPT)]
    if was != [draft.amount_nano, draft.corrects_id, *(draft.of.get(column) for column in _KEPT)]:
        raise ValidationError(
            {"once": f"{draft.once!r} was used for another adjustment: take a new key for this one"}
        )
    return before


def _draft(
    nano: int, *, once: str, request: str, team: str, provider: str, month: str, now: datetime
) -> tuple[Draft, str]:
    if month and not _MONTH.fullmatch(month):
        raise ValidationError({"month": f"{month[:20]!r} is no month: write one such as 2026-03"})
    if request:
        if team or provider:
            raise ValidationError({"request": "a request has its team and provider: leave those empty"})
        record = _record(request)
        at = counts_at(ids.moment_of(record.pk), month=month, now=now)
        supplier = (record.provider_id or 0, record.entry_id or 0)
        return Draft(once, nano, at, columns_of(record), supplier, corrects_id=record.pk), request
    if not (team or provider):
        raise ValidationError("say what is wrong: a request, or a team or a provider")
    of: dict[str, Any] = {}
    if team:
        of["team_id"] = _found(Team, "team", team)
    if provider:
        of["provider_id"] = _found(Provider, "provider", provider)
    subject = f"team:{team}" if team else f"provider:{provider}"
    return Draft(once, nano, _in_month(month, now), of, (of.get("provider_id", 0), 0)), subject


def _record(request: str) -> UsageRecord:
    row_id = ids.parse_request_id(request)
    record = None if row_id is None else UsageRecord.objects.filter(pk=row_id).first()
    if record is None:
        raise ValidationError({"request": f"there is no request {request[:40]!r}: take its id from the list"})
    if record.status in (UsageRecord.Status.REFUSED, UsageRecord.Status.ADJUSTED):
        kind = "was refused and cost nothing" if record.refusals else "is an adjustment itself"
        raise ValidationError({"request": f"{request} {kind}: correct the request that was charged"})
    return record


def _found(model: Any, word: str, slug: str) -> int:
    for pk in model.objects.filter(slug=slug).values_list("pk", flat=True):
        return int(pk)
    raise ValidationError({word: f"there is no {word} {slug[:80]!r}: take its short name from the list"})


def _in_month(month: str, now: datetime) -> datetime:
    """Return now, or the last moment of a month that has ended."""
    this = month_of(now)
    if not month or month == this:
        return now
    if month > this:
        raise ValidationError({"month": f"{month} has not begun: leave it empty for {this}"})
    year, number = map(int, month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    zone = ZoneInfo(organisation.current().time_zone)
    return (day_start(following, zone) - _TINY).astimezone(UTC)


def _amount(text: str) -> int:
    """Return a signed amount of USD as nano-USD."""
    text = text.strip().replace("\u2212", "-")
    try:
        nano = amounts.parse_usd(text.removeprefix("-"), maximum_nano=money.MAX_CALL_NANO)
    except ValueError as error:
        raise ValidationError({"amount": str(error)}) from error
    if not nano:
        raise ValidationError({"amount": "0 corrects nothing: write what is to be added, -1.20 to take away"})
    return -nano if text.startswith("-") else nano


def reason_of(text: str) -> str:
    """Return why, without spaces around it. Raises `ValidationError` where it says nothing."""
    if not (reason := cleaned(text.strip(), length=_MAX_REASON + 1)) or len(reason) > _MAX_REASON:
        raise ValidationError(
            {"reason": f"say what for, in at most {_MAX_REASON} letters: it stands in every report"}
        )
    return reason


def once_of(text: str) -> str:
    """Return the key of a post. Raises `ValidationError` where there is none."""
    if not (once := text.strip()) or len(once) > MAX_ONCE:
        raise ValidationError({"once": f"a key of 1 to {MAX_ONCE} letters, so that a repeat counts once"})
    return once
