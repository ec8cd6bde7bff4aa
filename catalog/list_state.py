"""Pure: what a new list of models means beside what is known of the lists before.

A model that is absent from one list is missing; it has vanished when the lists of six hours did
not hold it: whole groups of models have left a real list for a day and come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.list_doubts import doubts
from catalog.listing_diff import Change, Kind, Listings, diff
from providers.listing import Listing

ABSENT_FOR = timedelta(hours=6)


@dataclass(frozen=True)
class Known:
    """One model as the lists before said it."""

    listing: Listing
    missing_since: datetime | None = None
    vanished: bool = False


@dataclass(frozen=True)
class Verdict:
    """What to do with a new list."""

    changes: tuple[Change, ...]
    missing: tuple[str, ...]  # absent for the first time
    returned: tuple[str, ...]  # were missing, and nobody was told
    doubts: tuple[str, ...]  # not empty: a person decides whether the list is believed


def judge(known: Mapping[str, Known], after: Listings, now: datetime, *, believed: bool) -> Verdict:
    """Return what `after` changes; a list that a person believes is not doubted, nor waited for."""
    listed = {id_: row.listing for id_, row in known.items() if not row.vanished}
    present = {id_: listed[id_] for id_, row in known.items() if id_ in listed and not row.missing_since}
    found, missing = [], []
    for change in diff(listed, after):
        row = known.get(change.upstream_id)
        if change.kind == Kind.NEW and row is not None:
            found.append(replace(change, kind=Kind.BACK))
        elif change.kind != Kind.VANISHED or believed or _is_over(row, now):
            found.append(change)
        elif row is not None and row.missing_since is None:
            missing.append(change.upstream_id)
    against = [] if believed else doubts(present, after, diff(present, after))
    returned = [id_ for id_, row in known.items() if row.missing_since and not row.vanished and id_ in after]
    return Verdict(tuple(found), tuple(missing), tuple(sorted(returned)), tuple(against))


def counted(changes: Sequence[Change]) -> dict[str, int]:
    """Return the number of changes of each kind, the kinds in their order."""
    kinds = [change.kind for change in changes]
    return {kind.value: kinds.count(kind) for kind in Kind if kind in kinds}


def _is_over(row: Known | None, now: datetime) -> bool:
    return row is not None and row.missing_since is not None and now - row.missing_since >= ABSENT_FOR
