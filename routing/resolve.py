"""Pure: which model a name stands for.

Real ids contain `:` and `@`, so an exact name always wins over a suffix.
"""

from __future__ import annotations

from datetime import datetime

from catalog.names import nearest
from routing.gateway.errors import Refusal
from routing.snapshot import EntryValue, Snapshot

SUFFIXES = ("floor", "nitro")  # cheapest, fastest


def resolve(snapshot: Snapshot, name: str, *, now: datetime) -> EntryValue:
    """Return the entry that `name` stands for.

    Raises `Refusal`: unknown (with the nearest names), retired (with its replacement), or a
    suffix that is not served yet.
    """
    entry = _named(snapshot, name)
    if entry is None:
        raise _unknown(snapshot, name)
    if entry.sunset_on is not None and entry.sunset_on <= now.date():
        raise _retired(entry)
    return entry


def _named(snapshot: Snapshot, name: str) -> EntryValue | None:
    return snapshot.entries.get(snapshot.aliases.get(name, name))


def _unknown(snapshot: Snapshot, name: str) -> Refusal:
    base = _without_suffix(snapshot, name)
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


def _without_suffix(snapshot: Snapshot, name: str) -> str:
    """Return the known name that a suffix or a preset is put on, or an empty text."""
    base, _, suffix = name.rpartition(":")
    if suffix in SUFFIXES and _named(snapshot, base):
        return base
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
