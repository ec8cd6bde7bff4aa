"""Pure: what a key is at a moment; the state that comes first here hides the ones after it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

State = Literal["revoked", "expired", "stopped", "paused", "active"]


def state_of(
    *,
    revoked_at: datetime | None,
    expires_at: datetime | None,
    paused_reason: str,
    now: datetime,
    is_orphan: bool = False,
) -> State:
    """Return the state of a key at `now`; an orphan is one whose person was deactivated."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= now:
        return "expired"
    if is_orphan:
        return "stopped"
    return "paused" if paused_reason else "active"
