"""Who called a model lately: by key, from the roll-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import rollup_read
from billing.models import ApiKey
from billing.rollup_read import Span

DAYS = 30


@dataclass(frozen=True)
class Caller:
    """A key, and what its calls of one model were."""

    key: ApiKey
    requests: int
    spend_nano: int


def callers(entry_id: int, *, now: datetime, teams: frozenset[int] | None = None) -> list[Caller]:
    """Return the keys, of these teams, that called a model in the last 30 days, the busiest first."""
    month = Span(now - timedelta(days=DAYS), now + timedelta(days=1))  # another clock may be ahead
    found: dict[int, tuple[int, int]] = {}
    rows = rollup_read.sums(
        [month],
        by=("key_id", "entry_id"),
        measures=("requests", "spend_nano"),
        floor=rollup_read.floor_of(month),
        entry_id=entry_id,
        teams=teams,
    )
    for row in rows:
        requests, spend = found.get(row.of[0], (0, 0))
        found[row.of[0]] = (requests + row.values["requests"], spend + row.values["spend_nano"])
    return by_use(found)


def by_use(found: Mapping[int, tuple[int, int]]) -> list[Caller]:
    """Return callers by the id of a key with its requests and nano-USD, the busiest first."""
    called = {id_: sums for id_, sums in found.items() if sums[0]}  # an adjustment alone is no call
    keys = ApiKey.objects.select_related("team", "person").in_bulk(called)
    some = [Caller(keys[id_], *sums) for id_, sums in called.items() if id_ in keys]
    return sorted(some, key=lambda caller: (-caller.requests, caller.key.pk))
