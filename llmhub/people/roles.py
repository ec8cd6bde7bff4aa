"""Pure: what a role may do.

Roles hold each other: an owner may do what an admin may, an admin what a viewer may.
"""

from __future__ import annotations

from typing import Literal

from llmhub.audit.actor import Actor

Action = Literal["view", "configure", "own"]

_RANK = {"viewer": 1, "admin": 2, "owner": 3}
_NEEDS: dict[Action, int] = {"view": 1, "configure": 2, "own": 3}


class NotAllowed(Exception):
    """The actor's role does not reach this action; the message says which role does."""


def role_allows(role: str, action: Action) -> bool:
    """Return whether a person of `role` may do `action`; an unknown role may do nothing."""
    return _RANK.get(role, 0) >= _NEEDS[action]


def allowed(actor: Actor, action: Action) -> bool:
    """Return whether `actor` may do `action`."""
    return role_allows(actor.role, action)


def require(actor: Actor, action: Action) -> None:
    """Raise `NotAllowed` unless `actor` may do `action`."""
    if not allowed(actor, action):
        needed = next(role for role, rank in _RANK.items() if rank == _NEEDS[action])
        raise NotAllowed(f"{actor.label} has the role {actor.role!r}; this needs the role {needed!r}")
