"""Pure: what a role may do, in the organisation and in a team.

Roles hold each other: an owner may do what an admin may, an admin what a viewer may; in a team, a manager
what a member may. Owners and admins may do everything in every team, viewers read every team; a member of
the organisation has only what the teams give.
"""

from __future__ import annotations

from typing import Literal, get_args

from llmhub.audit.actor import Actor

TeamAction = Literal["read", "call", "manage"]
Action = TeamAction | Literal["view", "configure", "own"]

_RANK = {"member": 1, "viewer": 2, "admin": 3, "owner": 4}
_NEEDS: dict[Action, int] = {"view": 2, "configure": 3, "own": 4}
_TEAM_RANK = {"viewer": 1, "member": 2, "manager": 3}
_TEAM_NEEDS: dict[Action, int] = {"read": 1, "call": 2, "manage": 3}
TEAM_ACTIONS: tuple[Action, ...] = get_args(TeamAction)


class NotAllowed(Exception):
    """The actor's role does not reach this action; the message says which role does."""


def role_allows(role: str, action: Action) -> bool:
    """Return whether `role` in the organisation allows `action`, in whatever team; an unknown one nothing."""
    rank = _RANK.get(role, 0)
    if action in TEAM_ACTIONS:
        return rank >= (_RANK["viewer"] if action == "read" else _RANK["admin"])
    return rank >= _NEEDS[action]


def allowed(actor: Actor, action: Action, *, team: int | None = None) -> bool:
    """Return whether `actor` may do `action`, in the team of this id; without one, in any team at all.

    Everybody who is somebody may read what there is for them, be it nothing.
    """
    if role_allows(actor.role, action):
        return True
    if action not in TEAM_ACTIONS or actor.role not in _RANK:
        return False
    if team is None:
        return action == "read" or any(_team_allows(role, action) for role in actor.teams.values())
    return _team_allows(actor.teams.get(team, ""), action)


def _team_allows(role: str, action: Action) -> bool:
    return _TEAM_RANK.get(role, 0) >= _TEAM_NEEDS[action]


def require(actor: Actor, action: Action, *, team: int | None = None) -> None:
    """Raise `NotAllowed` unless `actor` may do `action`."""
    if allowed(actor, action, team=team):
        return
    if action in TEAM_ACTIONS:
        needed = next(role for role, rank in _TEAM_RANK.items() if rank == _TEAM_NEEDS[action])
        has = actor.teams.get(team, "none") if team is not None else "none that is enough"
        raise NotAllowed(f"{actor.label} has the role {has!r} in this team; this needs the role {needed!r}")
    needed = next(role for role, rank in _RANK.items() if rank == _NEEDS[action])
    raise NotAllowed(f"{actor.label} has the role {actor.role!r}; this needs the role {needed!r}")


def reach(actor: Actor, action: Action = "read") -> frozenset[int] | None:
    """Return the ids of the teams in which `actor` may do `action`; None: in every team there is."""
    if role_allows(actor.role, action):
        return None
    return frozenset(id_ for id_, role in actor.teams.items() if allowed(actor, action, team=id_))


def require_role(actor: Actor, role: str) -> None:
    """Raise `NotAllowed` unless `actor` holds `role` in the organisation: nobody grants more than that."""
    if _RANK.get(actor.role, 0) < _RANK.get(role, 0):
        raise NotAllowed(f"{actor.label} has the role {actor.role!r} and cannot grant {role!r}")


def require_team_role(actor: Actor, role: str, *, team: int) -> None:
    """Raise `NotAllowed` unless `actor` manages the team and holds `role` in it."""
    require(actor, "manage", team=team)
    held = _TEAM_RANK["manager"] if role_allows(actor.role, "manage") else _TEAM_RANK[actor.teams[team]]
    if held < _TEAM_RANK.get(role, 0):
        raise NotAllowed(f"{actor.label} cannot grant the role {role!r} in this team")


def higher(one: str, other: str) -> str:
    """Return the higher of two roles in a team; "" is none."""
    return max(one, other, key=lambda role: _TEAM_RANK.get(role, 0))


def lower(actor: Actor, maker: Actor) -> Actor:
    """Return `actor` with no more than `maker` may do: a key never reaches further than who made it."""
    role = min(actor.role, maker.role, key=lambda each: _RANK.get(each, 0))
    teams = {
        id_: min(given, _in_team(maker, id_), key=lambda each: _TEAM_RANK.get(each, 0))
        for id_, given in actor.teams.items()
    }
    kept = {id_: held for id_, held in teams.items() if held}
    return Actor(kind=actor.kind, label=actor.label, role=role, id=actor.id, teams=kept, scopes=actor.scopes)


def _in_team(actor: Actor, team: int) -> str:
    """Return the role that `actor` has in a team, by whatever it is given; "" without one."""
    given = actor.teams.get(team, "")
    if role_allows(actor.role, "manage"):
        return "manager"
    return higher(given, "viewer") if role_allows(actor.role, "read") else given
