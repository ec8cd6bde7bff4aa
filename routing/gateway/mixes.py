"""What the calls of each team were like lately: read beside the path of a call, and kept for a while."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from billing import rollup_read
from billing.rollup_read import Span
from llmhub.lib import clock
from routing.mix import Mix, Mixes

log = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
DAYS = 7
_MEASURES = ("requests", "input_tokens", "cache_read_tokens", "output_tokens")
_NOTHING: Mixes = {}


@dataclass(slots=True)
class TeamMixes:
    """The mixes of teams whose calls have a choice; those of others are never read."""

    run: Callable[[Callable[[], Mixes]], Awaitable[Mixes]] = asyncio.to_thread  # with a database
    _known: dict[int, Mixes] = field(default_factory=dict)
    _read_at: defaultdict[int, float] = field(default_factory=lambda: defaultdict(lambda: -FRESH_SECONDS))
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    def of(self, team_id: int, *, now: float) -> Mixes:
        """Return what is known of a team; where that is old, it is read anew for the calls to come."""
        if now - self._read_at[team_id] >= FRESH_SECONDS:
            self._read_at[team_id] = now
            task = asyncio.get_running_loop().create_task(self._read(team_id))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        return self._known.get(team_id, _NOTHING)

    async def fresh(self, team_id: int, *, now: float) -> Mixes:
        """Return what is known of a team; where nothing was read yet, once it is."""
        found = self.of(team_id, now=now)
        if team_id in self._known or not self._reading:
            return found
        await asyncio.wait(set(self._reading))
        return self._known.get(team_id, _NOTHING)

    async def _read(self, team_id: int) -> None:
        try:
            self._known[team_id] = await self.run(partial(read_mixes, team_id))
        except Exception as exc:  # the mix that was read last goes on counting
            log.warning("what the calls of team %d are like cannot be read: %s", team_id, exc)


def read_mixes(team_id: int) -> Mixes:
    """Return what the calls of a team were like in the last 7 days, by provider and model."""
    now = clock.now()
    span = Span(now - timedelta(days=DAYS), now)
    rows = rollup_read.sums(
        [span],
        by=("provider_id", "entry_id"),
        measures=_MEASURES,
        floor=rollup_read.floor_of(span),
        teams=frozenset({team_id}),
    )
    found: defaultdict[tuple[int, int], Mix] = defaultdict(Mix)
    for row in rows:
        provider_id, entry_id = row.of
        found[provider_id, entry_id] += Mix(**row.values)
    return dict(found)
