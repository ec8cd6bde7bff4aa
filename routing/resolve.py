"""Pure: which models a name stands for.

Real ids contain `:` and `@`, so an exact name always wins over a suffix.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from catalog.names import nearest
from routing.gateway.errors import Refusal
from routing.policy_words import BY_SUFFIX, Policy
from routing.snapshot import EntryValue, RouteValue, Snapshot, TargetValue


class Destination(msgspec.Struct, frozen=True):
    """What a name stands for: one model, or the targets of a route."""

    name: str  # of the model or the route: never an alias
    targets: tuple[TargetValue, ...]
    policy: Policy = "priority"
    route: RouteValue | None = None
    asked: str = ""  # name or alias that was asked for, without a suffix

    @property
    def escalates(self) -> bool:
        """Whether a target answers only where the one before it gave nothing of use."""
        return self.route is not None and self.route.escalates

    @property
    def entry(self) -> EntryValue:
        """The model that is named first."""
        return self.targets[0].entry


def resolve(snapshot: Snapshot, name: str, *, now: datetime) -> Destination:
    """Return what `name` stands for.

    Raises `Refusal`: unknown (with the nearest names), retired (with its replacement), or a
    suffix that is not served yet.
    """
    found = _named(snapshot, name) or _with_suffix(snapshot, name)
    if found is None:
        raise _unknown(snapshot, name)
    if found.route is None and is_retired(found.entry, now):
        raise _retired(found.entry)
    return found


def only(entry: EntryValue, *, policy: Policy = "priority") -> Destination:
    """Return a model as where a call goes."""
    return Destination(entry.slug, (TargetValue(entry),), policy)


def is_retired(entry: EntryValue, now: datetime) -> bool:
    """Return whether a model no longer answers."""
    return entry.sunset_on is not None and entry.sunset_on <= now.date()


def _named(snapshot: Snapshot, name: str) -> Destination | None:
    entry = snapshot.entries.get(snapshot.aliases.get(name, name))
    if entry is not None:
        return Destination(entry.slug, (TargetValue(entry),), asked=name)
    route = snapshot.routes.get(name)
    return None if route is None else Destination(route.name, route.targets, route.policy, route, name)


def _with_suffix(snapshot: Snapshot, name: str) -> Destination | None:
    base, _, suffix = name.rpartition(":")
    policy, found = BY_SUFFIX.get(suffix), _named(snapshot, base)
    if policy is None or found is None:
        return None
    return replace(found, policy=policy)


def _unknown(snapshot: Snapshot, name: str) -> Refusal:
    base = _without_preset(snapshot, name)
    if base:
        return Refusal(
            "not_served_yet",
            f"{name!r} is {base!r} with {name[len(base) :]!r}, which is not served yet: ask for {base!r}",
            param="model",
        )
    near = nearest(name, snapshot.names())
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else "see GET /v1/models"
    return Refusal(
        "model_not_found",
        f"There is no model {name[:200]!r}: {hint}",
        param="model",
        details={"nearest": list(near)},
    )


def _without_preset(snapshot: Snapshot, name: str) -> str:
    """Return the known name that a preset is put on, or an empty text."""
    for base in (name.rpartition("@")[0], name.rpartition("@")[0].rpartition("@")[0]):
        if base and _named(snapshot, base):
            return base
    return ""


def _retired(entry: EntryValue) -> Refusal:
    instead = f"use {entry.replacement!r} instead" if entry.replacement else "see GET /v1/models for others"
    return Refusal(
        "model_retired",
        f"{entry.slug!r} no longer answers since {entry.sunset_on}: {instead}",
        param="model",
        details={"sunset_on": str(entry.sunset_on), "replacement": entry.replacement or None},
        remedies=(instead,),
    )
