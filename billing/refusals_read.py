"""How many requests were refused, by error code: from roll-ups and what is newer than they."""

from __future__ import annotations

from collections.abc import Iterable

from billing import rollup_read, span
from billing.request_filter import RequestFilter
from billing.rollup_read import Sums

_BY = ("team_id", "key_id", "person_id", "refusal_code")


def refusals(filters: RequestFilter, within: span.Span) -> dict[str, int]:
    """Return the refusals of a team, key or person by code, the most frequent first."""
    spans = [rollup_read.Span(within.since, within.until)]
    floor = rollup_read.floor_of(spans[0])
    rows = rollup_read.sums(spans, by=_BY, measures=("refusals",), having="refusals", floor=floor)
    wanted = [(_BY.index(name), getattr(filters, name)) for name in _BY[:3] if getattr(filters, name)]
    mine = (
        row
        for row in rows
        if all(row.of[place] == value for place, value in wanted)
        and (filters.teams is None or row.of[0] in filters.teams)
    )
    return by_code(mine, _BY.index("refusal_code"))


def by_code(rows: Iterable[Sums], place: int) -> dict[str, int]:
    """Add refusals up by the code that sums have at a place, the most frequent first."""
    found: dict[str, int] = {}
    for row in rows:
        if row.values["refusals"]:
            code = row.of[place]
            found[code] = found.get(code, 0) + row.values["refusals"]
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
