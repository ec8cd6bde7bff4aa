"""The rows of the ledger: what the gateway says, cut to what the columns take.

A batch stands or falls as one, so nothing that a caller or a provider wrote may break an INSERT:
texts are cut to their columns and freed of what databases refuse, numbers kept in their range.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from msgspec.structs import asdict

from billing.entries import LEASE_EXPIRED, AttemptEntry, Hold, Refused, Reserve, Settle
from billing.models import Attempt, Reservation, UsageRecord
from billing.totals import UNPRICED, Totals, is_unpriced

Row = list[Any]
Clean = Callable[[Any], Any]

_MAX_BIGINT = 2**63 - 1
_MOST = {"PositiveSmallIntegerField": 2**15 - 1, "PositiveIntegerField": 2**31 - 1}
_MAX_TAGS = 64
_MAX_TEXT = 1_000_000  # letters
_MAX_TAG = 200  # letters of a tag's name or value
_UNKNOWN_COST = "an attempt has no known cost"
_NEVER_SETTLED = "the call was interrupted before its cost was known"


def text(value: Any, *, length: int) -> str:
    """Return `value` as text that every database takes: cut, without NUL and lone surrogates."""
    cut = str(value)[:length]
    if cut.isascii() and "\0" not in cut:
        return cut
    return cut.encode("utf-8", "replace").decode().replace("\0", "?")


def _text_of(length: int) -> Clean:
    """Return what cleans a text; most are short and plain, and each call has fifteen."""

    def clean(value: Any) -> str:
        if type(value) is str and len(value) <= length and value.isascii() and "\0" not in value:
            return value
        return text(value, length=length)

    return clean


def _whole_text(value: Any) -> str | None:
    """Return a text that is read as a whole: it is not cut."""
    if value is None or (type(value) is str and value.isascii() and "\0" not in value):
        return value
    return text(value, length=_MAX_TEXT)


def _between(least: int, most: int) -> Clean:
    def clean(value: int | None) -> int | None:
        if value is None or least <= value <= most:
            return value
        return least if value < least else most

    return clean


def _json(value: Any) -> str:
    if not value:
        return "{}"
    tags = list(value.items())[:_MAX_TAGS] if isinstance(value, dict) else []
    return json.dumps({text(k, length=_MAX_TAG): text(v, length=_MAX_TAG) for k, v in tags})


def _cleaner(field: models.Field[Any, Any]) -> Clean:
    """Return how a value is made to fit the column of `field`."""
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.BooleanField):
        return bool
    if isinstance(field, models.CharField):
        return _text_of(field.max_length or _MAX_TAG)
    if isinstance(field, models.TextField):
        return _whole_text
    kind = field.get_internal_type()
    least = 0 if kind.startswith("Positive") else -_MAX_BIGINT
    most = _MOST.get(kind, _MAX_BIGINT)
    return _between(least, most)


def _cleaners(model: type[models.Model]) -> dict[str, Clean]:
    return {field.attname: _cleaner(field) for field in model._meta.concrete_fields}


_RECORD = _cleaners(UsageRecord)
_ATTEMPT = _cleaners(Attempt)
RECORD_COLUMNS = tuple(_RECORD)
ATTEMPT_COLUMNS = tuple(_ATTEMPT)
RESERVATION_COLUMNS = tuple(field.attname for field in Reservation._meta.concrete_fields)
_RECORD_DEFAULTS = {field.attname: field.get_default() for field in UsageRecord._meta.concrete_fields}


def _row(values: dict[str, Any], cleaners: dict[str, Clean]) -> Row:
    return [clean(values.get(column)) for column, clean in cleaners.items()]


def record(settle: Settle, totals: Totals) -> Row:
    """Return the row of a usage record; `totals` are those of its attempts."""
    answered = totals.answered
    unpriced = totals.cost_source == UNPRICED
    values = asdict(settle) | asdict(totals)
    values |= {"attempts": len(settle.attempts), "refusals": 0, "reason": ""}
    values["unpriced_reason"] = (settle.unpriced_reason or _UNKNOWN_COST) if unpriced else ""
    for column in ("entry_id", "offer_id", "provider_id", "price_id"):
        values[column] = getattr(answered, column, None)
    return _row(values, _RECORD)


def refusal(entry: Refused, times: int) -> Row:
    """Return the record that stands for so many refusals of one key, code and minute: it cost nothing."""
    known = {"status": UsageRecord.Status.REFUSED, "refusals": times, "cost_nano": 0}
    return _row({**_RECORD_DEFAULTS, **asdict(entry), **known}, _RECORD)


def adjustment(values: dict[str, Any]) -> Row:
    """Return the record of an adjustment: a cost, whose it is, and what for; no request."""
    known = {"status": UsageRecord.Status.ADJUSTED, "cost_source": UsageRecord.Status.ADJUSTED}
    return _row({**_RECORD_DEFAULTS, "requested": "", **values, **known}, _RECORD)


def attempt(entry: AttemptEntry, *, row_id: int, usage_id: int) -> Row:
    """Return the row of one attempt."""
    values = asdict(entry) | {"id": row_id, "usage_id": usage_id}
    if is_unpriced(entry):
        values["cost_source"] = UNPRICED
    return _row(values, _ATTEMPT)


def reservation(entry: Reserve) -> Row:
    """Return the row of a reservation."""
    return [entry.id, entry.expires_at, entry.amount_nano, holds_text(entry.holds), facts_text(entry.facts)]


def holds_text(holds: Iterable[Hold]) -> str:
    """Return what is held where as a reservation keeps it.

    `12:1764547200` holds the amount of the reservation, `57:0:tokens:900` 900 tokens, and
    `58:0:usd:20:provider_id:7` 20 nano-USD, charged for the attempts at provider 7 alone.
    """
    return ",".join(_hold_text(hold) for hold in holds)


def _hold_text(hold: Hold) -> str:
    parts: list[object] = [hold.budget_id, hold.period_start]
    if hold.amount is not None:
        parts += [hold.unit, hold.amount, *(hold.only or ())]
    return ":".join(map(str, parts))


def parse_holds(kept: str) -> tuple[Hold, ...]:
    """Return what a reservation holds where."""
    return tuple(_hold(*part.split(":")) for part in kept.split(",") if part)


def _hold(budget: str, start: str, unit: Any = "usd", amount: str = "", *only: Any) -> Hold:
    return Hold(
        budget_id=int(budget),
        period_start=int(start),
        amount=int(amount) if amount else None,
        unit=unit,
        only=(only[0], int(only[1])) if only else None,
    )


def facts_text(facts: dict[str, Any]) -> str:
    """Return facts as JSON; what is no column of a usage record is left out."""
    return json.dumps({name: value for name, value in facts.items() if name in _RECORD})


def interrupted(*, usage_id: int, amount_nano: int, facts: str) -> tuple[Row, int]:
    """Return the record of a call that nobody settled, and what its budgets are charged.

    The cost is the estimate in `facts`: 0 is one, None says that nobody knows. Without it all that
    was reserved counts, and is unknown where that is nothing. The record is marked with the error
    code that tells it from one a gateway wrote.
    """
    known = json.loads(facts)
    estimate = known.get("cost_nano", amount_nano or None)
    values = {
        **_RECORD_DEFAULTS,
        "requested": "",
        **known,
        "id": usage_id,
        "status": UsageRecord.Status.INTERRUPTED,
        "error_code": LEASE_EXPIRED,
        "cost_nano": estimate,
        "cost_source": UNPRICED if estimate is None else "estimated",
        "unpriced_reason": _NEVER_SETTLED if estimate is None else "",
        "attempts": 0,
    }
    return _row(values, _RECORD), estimate or 0
