"""Pure: read what a provider sent without trusting it: liberal in shape, bounded in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from providers.errors import BadReply, TooLarge

MAX_TOKENS = 1_000_000_000  # of one call; more is no count
MAX_COST = Decimal(1_000_000)  # USD of one call
MAX_RETRY_AFTER = 86_400.0  # seconds
MAX_NAME = 200  # letters of an id or a model name


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder()


def decode(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`. Raises `BadReply`, with no part of it in the message."""
    return _decoded(content, _OBJECT)


def decode_raw(content: bytes) -> dict[str, msgspec.Raw]:
    """Return the JSON object in `content` with values that keep their bytes. Raises `BadReply`."""
    return _decoded(content, _RAW_OBJECT)


def value_of(raw: msgspec.Raw) -> Any:
    """Return the value behind `raw`. Raises `BadReply`."""
    return _decoded(bytes(raw), _ANY)


def _decoded(content: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        content.decode()  # values that are skipped would pass with bad UTF-8
        return decoder.decode(content)
    except UnicodeDecodeError:
        raise BadReply("the provider sent text that is not UTF-8") from None
    except msgspec.DecodeError:
        raise BadReply(f"the provider sent {_looks_like(content)} where a JSON object belongs") from None
    except RecursionError:
        raise TooLarge("the provider sent JSON that is nested too deep", seen_bytes=len(content)) from None


def _looks_like(content: bytes) -> str:
    start = content[:200].lstrip().lower()
    if not start:
        return "nothing"
    return "an HTML page" if start.startswith((b"<!doctype", b"<html", b"<")) else "something else"


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return `value` if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return `value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def name(value: Any) -> str:
    """Return `value` as an id or name that fits a column, else an empty text."""
    return value[:MAX_NAME].replace("\0", "") if isinstance(value, str) else ""


def tokens(value: Any) -> int | None:
    """Return a count of tokens, or None where there is no credible one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_TOKENS else None


def usd(value: Any) -> Decimal | None:
    """Return an amount of USD, or None where there is no credible one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= MAX_COST else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a provider asks us to wait, from seconds, milliseconds or a date.

    A date is read against the answer's own `Date`, so that no clock is needed and none can differ.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    seconds = _seconds(given)
    if seconds is not None or given is None:
        return seconds
    try:
        wait = parsedate_to_datetime(given) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(0.0, wait.total_seconds()), MAX_RETRY_AFTER)


def _seconds(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number <= MAX_RETRY_AFTER else None
