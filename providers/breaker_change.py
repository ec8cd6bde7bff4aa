"""Pure: what one process saw a breaker do, as it tells it to others and to the database."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from providers.breaker import State

_KINDS = {"opened", "closed", "rests"}
_LONGEST = 24 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Change:
    """A breaker went from one state to another; `key` is the offer and its address."""

    key: tuple[int, str]
    at: datetime
    before: State
    after: State
    reason: str  # a word of `BreakerEvent.Reason`
    failures: int = 0  # in a row
    calls: int = 0  # in the window
    failed: int = 0  # of those
    open_seconds: float = 0.0  # 0: it does not open
    times_opened: int = 0  # since it last closed
    error_code: str = ""
    http_status: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """What gateways say to each other: an offer's breaker opened or closed, or a credential rests."""

    kind: str  # opened, closed, rests
    id: int  # of the offer, or of the credential
    of: str  # the offer's address, or the model for which the credential rests
    seconds: float = 0.0  # from when it was said
    times_opened: int = 0

    def text(self) -> str:
        """Return it as it is sent."""
        return json.dumps(asdict(self))


def word_of(change: Change, *, now: datetime) -> Word | None:
    """Return what others are told of a change; None where they need not know: a probe is each one's own."""
    if change.after == "half_open":
        return None
    kind = "opened" if change.after == "open" else "closed"
    left = max(0.0, change.open_seconds - (now - change.at).total_seconds())
    return Word(kind, *change.key, seconds=left, times_opened=change.times_opened)


def read_word(text: str) -> Word | None:
    """Return what was said, None where it is nothing that this version understands."""
    try:
        said = json.loads(text)
        word = Word(
            str(said["kind"]),
            int(said["id"]),
            str(said["of"]),
            float(said["seconds"]),
            int(said["times_opened"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    fits = word.kind in _KINDS and 0 <= word.seconds <= _LONGEST and word.times_opened >= 0
    return word if fits else None
