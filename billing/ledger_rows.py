"""The rows of the ledger: what the gateway says, cut to what the columns take.

A batch stands or falls as one, so nothing that a caller or a provider wrote may break an INSERT:
texts are cut to their columns and freed of what databases refuse, numbers kept in their range.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgspec
from django.db import models
from msgspec.structs import asdict

from billing import charge
from billing.entries import LEASE_EXPIRED, AttemptEntry, Hold, Over, Refused, Reserve, Settle
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


def _whole_text(value: Any) -> str | None:
    """Return a text that is read as a whole: it is not cut."""
    if value is None or (type(value) is str and value.isascii() and "\0" not in value):
        return value
    return text(value, length=_MAX_TEXT)


def _json(value: Any) -> str:
    if not value:
        return "{}"
    tags = list(value.items())[:_MAX_TAGS] if isinstance(value, dict) else []
    return json.dumps({text(k, length=_MAX_TAG): text(v, length=_MAX_TAG) for k, v in tags})


class Table:
    """The columns of a table, and how values are made to fit them: each call has sixty-four of them."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        self.columns = tuple(field.attname for field in fields)
        self.defaults = {field.attname: field.get_default() for field in fields}
        self._texts: list[tuple[int, int]] = []  # place and most letters
        self._numbers: list[tuple[int, int, int]] = []  # place, least and most
        self._others: list[tuple[int, Clean]] = []
        for place, field in enumerate(fields):
            self._learn(place, field)

    def _learn(self, place: int, field: models.Field[Any, Any]) -> None:
        if isinstance(field, models.JSONField):
            self._others.append((place, _json))
        elif isinstance(field, models.BooleanField):
            self._others.append((place, bool))
        elif isinstance(field, models.CharField):
            self._texts.append((place, field.max_length or _MAX_TAG))
        elif isinstance(field, models.TextField):
            self._others.append((place, _whole_text))
        else:
            kind = field.get_internal_type()
            least = 0 if kind.startswith("Positive") else -_MAX_BIGINT
            self._numbers.append((place, least, _MOST.get(kind, _MAX_BIGINT)))

    def row(self, values: dict[str, Any]) -> Row:
        """Return values in the order of the columns, each cut to what its column takes."""
        row = list(map(values.get, self.columns))
        for place, least, most in self._numbers:
            number = row[place]
            if number is not None and not least <= number <= most:
                row[place] = least if number < least else most
        for place, length in self._texts:
            said = row[place]
            if type(said) is not str or len(said) > length or not said.isascii() or "\0" in said:
                row[place] = text(said, length=length)
        for place, clean in self._others:
            row[place] = clean(row[place])
        return row


_RECORD, _ATTEMPT = Table(UsageRecord), Table(Attempt)
RECORD_COLUMNS, ATTEMPT_COLUMNS = _RECORD.columns, _ATTEMPT.columns
RESERVATION_COLUMNS = tuple(field.attname for field in Reservation._meta.concrete_fields)


def record(settle: Settle, totals: Totals) -> Row:
    """Return the row of a usage record; `totals` are those of its attempts."""
    answered = totals.answered
    unpriced = totals.cost_source == UNPRICED
    values = asdict(settle) | asdict(totals)
    values |= {"attempts": len(settle.attempts), "refusals": 0, "reason": ""}
    values["unpriced_reason"] = (settle.unpriced_reason or _UNKNOWN_COST) if unpriced else ""
    for column in ("entry_id", "offer_id", "provider_id", "price_id"):
        values[column] = getattr(answered, column, None)
    return _RECORD.row(values)


def overshoot(settle: Settle) -> Row:
    """Return the row that says how much more a call cost than was held for it."""
    held = settle.capped_nano or 0
    return [settle.id, held, held + charge.beyond(settle)]


def refusal(entry: Refused, times: int) -> Row:
    """Return the record that stands for so many refusals of one key, code and minute: it cost nothing."""
    known = {"status": UsageRecord.Status.REFUSED, "refusals": times, "cost_nano": 0}
    return _RECORD.row({**_RECORD.defaults, **asdict(entry), **known})


def over(entry: Over, times: int, at: int) -> Row:
    """Return the row that counts what a budget refused at a moment, in Unix seconds."""
    amount = max(0, min(entry.amount, _MAX_BIGINT))
    return [entry.budget_id, entry.period_start, times, at, at, amount]


def attempt(entry: AttemptEntry, *, row_id: int, usage_id: int) -> Row:
    """Return the row of one attempt."""
    values = asdict(entry) | {"id": row_id, "usage_id": usage_id}
    if is_unpriced(entry):
        values["cost_source"] = UNPRICED
    return _ATTEMPT.row(values)


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


@lru_cache(maxsize=4096)
def parse_holds(kept: str) -> tuple[Hold, ...]:
    """Return what a reservation holds where; the calls of a team hold the same again and again."""
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
    known = {name: value for name, value in facts.items() if name in _RECORD.defaults}
    try:
        return msgspec.json.encode(known).decode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(known)


def interrupted(*, usage_id: int, amount_nano: int, facts: str) -> tuple[Row, int]:
    """Return the record of a call that nobody settled, and what its budgets are charged.

    The cost is the estimate in `facts`: 0 is one, None says that nobody knows. Without it all that
    was reserved counts, and is unknown where that is nothing. The record is marked with the error
    code that tells it from one a gateway wrote.
    """
    known = json.loads(facts)
    estimate = known.get("cost_nano", amount_nano or None)
    values = {
        **_RECORD.defaults,
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
    return _RECORD.row(values), estimate or 0
