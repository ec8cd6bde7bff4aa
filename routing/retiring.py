"""Pure: the headers that tell a caller in time that a model is leaving.

Sources: RFC 9745 (Deprecation) and RFC 8594 (Sunset).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime


def notice(deprecated_on: date | None, sunset_on: date | None) -> dict[str, str]:
    """Return the headers of the answers of a model; none while it is to stay."""
    headers = {}
    if deprecated_on is not None:
        headers["deprecation"] = f"@{int(_begin(deprecated_on).timestamp())}"
    if sunset_on is not None:
        headers["sunset"] = format_datetime(_begin(sunset_on), usegmt=True)
    return headers


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
