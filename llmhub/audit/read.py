"""Read the audit log: a screen of it at a bounded cost, and whether its chain is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from llmhub.audit import log
from llmhub.audit.models import AuditEvent

MOST_ROWS = 20_000  # events looked at for one screen; further back is one more click
MOST_CHECKED = 20_000  # newest events that a page checks; the command checks all


@dataclass(frozen=True)
class AuditFilter:
    """Which events to list; empty means any."""

    actor: str = ""  # as the log calls them
    action: str = ""  # key.revoked, or all of `key`
    subject: str = ""  # key:5, or all of `key`
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> dict[str, object]:
        """Return them as the database reads them."""
        wanted: dict[str, object] = {}
        if self.actor:
            wanted["actor"] = self.actor
        if self.action:
            wanted["action" if "." in self.action else "action__startswith"] = _kind(self.action, ".")
        if self.subject:
            whole = ":" in self.subject or self.subject == "organisation"
            wanted["object" if whole else "object__startswith"] = _kind(self.subject, ":", whole=whole)
        if self.since:
            wanted["at__gte"] = self.since
        if self.until:
            wanted["at__lt"] = self.until
        return wanted


def _kind(word: str, mark: str, *, whole: bool = False) -> str:
    return word if whole or mark in word else f"{word}{mark}"


@dataclass(frozen=True)
class Events:
    """One screen of the log, newest first."""

    rows: tuple[AuditEvent, ...]
    next_cursor: str  # "" at the end
    searched_to: datetime | None  # not None: the search stopped here; the cursor goes on from there


def events(filters: AuditFilter, *, after: str = "", limit: int = 50) -> Events:
    """Return one screen of events. Raises `ValueError` on a cursor that is none."""
    if after and not (after.isdecimal() and len(after) < 19):
        raise ValueError(f"{after[:20]!r} is no cursor: begin at the first page")
    conditions = filters.conditions()
    before = AuditEvent.objects.order_by("-id")
    if after:
        before = before.filter(id__lt=int(after))
    end = before.values_list("id", flat=True)[MOST_ROWS : MOST_ROWS + 1].first() if conditions else None
    looked_at = before.filter(id__gt=end) if end else before
    found = list(looked_at.filter(**conditions)[: limit + 1])
    if len(found) > limit:
        return Events(tuple(found[:limit]), str(found[limit - 1].pk), None)
    if end is None:
        return Events(tuple(found), "", None)
    last = AuditEvent.objects.get(pk=end)
    return Events(tuple(found), str(end + 1), last.at)


@dataclass(frozen=True)
class Chain:
    """What a check of the chain found."""

    checked: int  # events
    total: int
    first_id: int | None  # the first that was checked; None: there is none
    broken_id: int | None  # the first whose hash does not fit; None: whole
    head: str  # the hash of the last event: who writes it down sees it if the end is cut off

    @property
    def is_whole(self) -> bool:
        """Whether every event that was checked fits the one before."""
        return self.broken_id is None


def check_chain(*, most: int | None = None) -> Chain:
    """Check the newest `most` events against each other, all of them by default."""
    total = AuditEvent.objects.count()
    begin = 0
    if most is not None and total > most:
        ids = AuditEvent.objects.order_by("-id").values_list("id", flat=True)
        begin = ids[most - 1]
    first = AuditEvent.objects.filter(id__gte=begin).order_by("id").values_list("id", flat=True).first()
    head = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
    checked = min(total, most) if most is not None else total
    return Chain(checked, total, first, log.first_broken_link(since=begin), head or log.GENESIS)
