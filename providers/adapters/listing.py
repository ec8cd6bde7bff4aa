"""Pure: read one model of the lists that the chat and the messages dialect define.

Sources: https://platform.openai.com/docs/api-reference/models and
https://platform.claude.com/docs/en/api/models-list; the other names of the context length are
those of the compatible servers in the field. Neither dialect has prices in its list.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from providers.adapters.reading import name, text, tokens
from providers.listing import Listing

_CONTEXT = ("context_length", "context_window", "max_model_len", "max_context_length")
_LATEST = int(datetime(2090, 1, 1, tzinfo=UTC).timestamp())  # later is a stand-in for "no date"


def compatible_listing(row: dict[str, Any]) -> Listing:
    """Return what a row of the chat dialect says: its id, and what some servers add."""
    context = next((found for field in _CONTEXT if (found := tokens(row.get(field)))), None)
    return Listing(
        upstream_id=name(row["id"]),
        name=name(row.get("name") or row.get("display_name")),
        context_tokens=context,
        released_on=day_of_seconds(row.get("created")),
        sunset_on=day(row.get("shutdown_date")),
        raw=row,
    )


def messages_listing(row: dict[str, Any]) -> Listing:
    """Return what a row of the messages dialect says."""
    return Listing(
        upstream_id=name(row["id"]),
        name=name(row.get("display_name")),
        context_tokens=tokens(row.get("max_input_tokens")) or None,
        output_limit_tokens=tokens(row.get("max_tokens")) or None,
        released_on=day(row.get("created_at")),
        deprecated_on=day(row.get("deprecated_at")),
        sunset_on=day(row.get("retires_at")),
        raw=row,
    )


def day(value: Any) -> date | None:
    """Return the day of an ISO date or moment; None where there is none, or one that means "never"."""
    try:
        found = date.fromisoformat(text(value)[:10])
    except ValueError:
        return None
    return found if found.year < 2090 else None


def day_of_seconds(value: Any) -> date | None:
    """Return the day of a moment in Unix seconds; None where it is not credible."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(int(value), UTC).date()
