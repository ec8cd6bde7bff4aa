"""Pure: what a key can do now, by the same functions that decide about its calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from routing.gateway.authenticate import admit, authenticate, refuse_deactivated
from routing.gateway.errors import Refusal
from routing.plan import Asking, Moment, plan, purpose
from routing.reach import Reach
from routing.resolve import resolve
from routing.snapshot import Caller, Snapshot

DIALECT = "chat"
_HINTS = {"invalid_key": "Was it copied whole?", "expired_key": "Make a new one."}


@dataclass(frozen=True)
class NotNow:
    """Models and routes that cannot be called for one and the same reason."""

    why: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a test of a key says."""

    problem: str  # "" when calls with the key are let through
    caller: Caller | None = None  # None: no key that is in force
    models: tuple[str, ...] = ()  # that can be called now
    not_now: tuple[NotNow, ...] = ()  # the most frequent reason first

    @property
    def total(self) -> int:
        """How many models there are."""
        return len(self.models) + sum(len(group.models) for group in self.not_now)


def judge(snapshot: Snapshot, digest: str, *, now: datetime) -> Verdict:
    """Return what the key of this digest can do."""
    problem, caller = _problem(snapshot, digest, now), snapshot.keys.get(digest)
    if caller is None:
        return Verdict(problem)
    models, refused = [], defaultdict(list)
    for slug in (*snapshot.entries, *snapshot.routes):
        if why := _why_not(snapshot, slug, caller.reach, now):
            refused[why].append(slug)
        else:
            models.append(slug)
    ordered = sorted(refused.items(), key=lambda item: (-len(item[1]), item[0]))
    return Verdict(
        problem,
        caller,
        tuple(sorted(models)),
        tuple(NotNow(why, tuple(sorted(slugs))) for why, slugs in ordered),
    )


def _problem(snapshot: Snapshot, digest: str, now: datetime) -> str:
    """Return why a call with the key would be refused, as its caller would be told; "" when it would not."""
    try:
        caller = authenticate(snapshot, digest, now=now)
        refuse_deactivated(caller)
        admit(snapshot, caller)
    except Refusal as refusal:
        hint = _HINTS.get(refusal.name)
        return f"{refusal.message}. {hint}" if hint else refusal.message
    return ""


def _why_not(snapshot: Snapshot, slug: str, reach: Reach, now: datetime) -> str:
    """Return why a model cannot be called, in words that do not name it; "" when it can."""
    if slug in snapshot.entries and not reach.has_model(slug, slug):
        return "the key may not use it"
    try:
        found = resolve(snapshot, slug, now=now)
        plan(found, Asking(DIALECT, purpose(found.entry), reach=reach), Moment(now))
    except Refusal as refusal:
        if refusal.name == "model_not_allowed":
            return "the key may not use it"
        return refusal.message.replace(repr(slug), "", 1).strip().removeprefix("cannot be called now: ")
    return ""
