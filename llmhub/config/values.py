"""Pure: the kinds of values in llmhub.toml, and how each says that it is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from catalog.inbox_rules import ACTIONS
from catalog.listing_diff import EVENTS
from catalog.pricing import MAX_PRICE
from catalog.words import CAPABILITIES, MODALITIES, NAME_PATTERN
from llmhub.alerts.finding import RULES
from llmhub.lib import money, reference, zones
from providers.adapters import KINDS

# A dialect is named by its wire format, or by the company whose format it is.
DIALECTS = {kind.name: kind.dialects[0] for kind in KINDS.values() if kind.base_url} | {
    dialect: dialect for kind in KINDS.values() for dialect in kind.dialects
}


def one_of(words: Any) -> Any:
    """Return a check that a text is one of `words`."""
    known = list(words)

    def check(value: str) -> str:
        if value not in known:
            shown = f"{value[:60]!r} is unknown: use {', '.join(known)}"
            raise PydanticCustomError("unknown_word", "{shown}", {"shown": shown, "known": known})
        return value

    return check


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('write amounts in quotes, such as "0.15": no digit is lost')
    return money.parse(value, maximum=MAX_PRICE)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min, tzinfo=UTC)
    raise ValueError("must be a day or a moment with its zone, without quotes: 2027-01-01T00:00:00Z")


def _reference(value: str) -> str:
    if not reference.is_reference(value):
        raise ValueError(  # the value may be the secret itself: it is not repeated
            "is no reference: write env:NAME or file:/PATH, never the secret itself"
        )
    return value


def _timezone(value: str) -> str:
    if wrong := zones.fault(value):
        told = {"shown": wrong, "known": sorted(zones.names())}
        raise PydanticCustomError("unknown_word", "{shown}", told)
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": money.PATTERN, "description": "USD per million tokens"}),
]
Cap = Annotated[
    str,
    Field(
        max_length=60,
        description='USD as "250.00"; tokens and requests as whole numbers, quoted; "unlimited" only counts',
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "a day begins in UTC"}),
]
Zone = Annotated[str, AfterValidator(_timezone)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PublicName = Annotated[str, Field(pattern=NAME_PATTERN.replace(r"\Z", "$"), max_length=200)]
Capability = Annotated[
    str, AfterValidator(one_of(CAPABILITIES)), WithJsonSchema({"enum": list(CAPABILITIES), "type": "string"})
]
Modality = Annotated[
    str, AfterValidator(one_of(MODALITIES)), WithJsonSchema({"enum": list(MODALITIES), "type": "string"})
]
KindName = Annotated[
    str, AfterValidator(one_of(KINDS)), WithJsonSchema({"enum": list(KINDS), "type": "string"})
]
Dialect = Annotated[
    str, AfterValidator(one_of(DIALECTS)), WithJsonSchema({"enum": list(DIALECTS), "type": "string"})
]
Reference = Annotated[
    str,
    AfterValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": reference.PATTERN}),
]
Rule = Annotated[str, AfterValidator(one_of(RULES)), WithJsonSchema({"enum": list(RULES), "type": "string"})]
_EVENT_KINDS = [kind.value for kind in EVENTS]
EventKind = Annotated[
    str, AfterValidator(one_of(_EVENT_KINDS)), WithJsonSchema({"enum": _EVENT_KINDS, "type": "string"})
]
InboxAction = Annotated[
    str, AfterValidator(one_of(ACTIONS)), WithJsonSchema({"enum": list(ACTIONS), "type": "string"})
]
Tokens = Annotated[int, Field(gt=0, le=2**31 - 1)]
