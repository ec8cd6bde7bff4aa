"""Pure: what a key is at a moment; the state that comes first here hides the ones after it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

State = Literal["revoked", "expired", "paused", "active"]


def state_of(
    *, revoked_at: datetime | None, expires_at: datetime | None, paused_reason: str, now: datetime
) -> State:
    """Return the state of a key at `now`."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= now:
        return "expired"
    return "paused" if paused_reason else "active"
