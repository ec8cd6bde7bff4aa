"""Pure: which time zones there are, as Python knows them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def names() -> frozenset[str]:
    """Return the IANA name of every zone of this machine, read once: it opens six hundred files."""
    return frozenset(available_timezones())
