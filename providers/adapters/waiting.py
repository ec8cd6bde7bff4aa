"""Pure: how long a provider asks us to wait, from any of the headers that say it.

A point in time is read against the answer's own `Date`, so that no clock is needed and none can differ.
Sources: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers (durations),
https://platform.claude.com/docs/en/api/rate-limits#response-headers (RFC 3339),
https://openrouter.ai/docs/api-reference/limits (Unix time)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from providers.adapters.reading import MAX_RETRY_AFTER, retry_after

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000_001, "µs": 0.000_001}
_STEP = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|us|µs|d|h|m|s)")
_DURATION = re.compile(rf"(?:{_STEP.pattern}){{1,6}}")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?")
_EPOCH, _EPOCH_MS = 1e9, 1e11  # seconds; a larger number is a point in time, and then in milliseconds
_NAMES = re.compile(
    r"(?P<family>x-ratelimit)-reset(?P<limit>(?:-[a-z-]+)?)|(?P<ours>anthropic-ratelimit)-(?P<of>[a-z-]+)-reset"
)


def wait_of(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait before the next call, or None when nothing is said.

    `retry-after` also comes with answers that ask for no wait: it counts on 429 and 5xx only. A 429
    without it waits for the reset of the limit that is exhausted.
    """
    if status != 429 and status < 500:
        return None
    given = retry_after(headers)
    return until_reset(headers) if given is None and status == 429 else given


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the exhausted limits are reset; of those that say nothing, the longest.

    Where something remains of each, none of them is the reason.
    """
    found = list(_resets(headers))
    exhausted = [wait for wait, remaining in found if remaining == "0"]
    return max(exhausted or [wait for wait, remaining in found if not remaining], default=None)


def _resets(headers: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Yield the wait of every limit, and how much of it remains in the provider's own word."""
    for name, value in headers.items():
        if not (match := _NAMES.fullmatch(name)):
            continue
        wait = _wait(value.strip(), headers.get("date", ""))
        if wait is not None:
            yield min(max(0.0, wait), MAX_RETRY_AFTER), headers.get(_remaining(match), "").strip()


def _remaining(match: re.Match[str]) -> str:
    """Return the header that says what is left of the limit whose reset was found."""
    if match["family"]:
        return f"{match['family']}-remaining{match['limit']}"
    return f"{match['ours']}-{match['of']}-remaining"


def _wait(value: str, date: str) -> float | None:
    """Return the seconds from `date` to a reset that is written as duration, Unix time or RFC 3339."""
    if _DURATION.fullmatch(value):
        return sum(float(number) * _UNITS[unit] for number, unit in _STEP.findall(value))
    if not _NUMBER.fullmatch(value):
        return _until(value, date)
    number = float(value)
    if number < _EPOCH:
        return number
    now = _instant(date)
    return None if now is None else number / (1000 if number >= _EPOCH_MS else 1) - now.timestamp()


def _until(value: str, date: str) -> float | None:
    now = _instant(date)
    try:
        return None if now is None else (datetime.fromisoformat(value) - now) / timedelta(seconds=1)
    except (ValueError, TypeError):  # no RFC 3339, or one without an offset
        return None


def _instant(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
