"""Pure: what one gateway process knows of its offers: its own attempts, and what other processes wrote.

An offer is a `target_id` here. Every process counts its attempts by minute and writes those minutes, whole
as they stand, again and again until they are over: writing one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from providers.decay import Decayed, decayed, median, quantile
from providers.live import Live
from providers.score import LEAST_CALLS, Evidence, score, wilson_lower
from providers.tally import Outcome, Tally

MINUTE = 60  # seconds
REMEMBERED = 180  # minutes: what is older weighs 1.6 % and less
_OPEN = 2  # minutes that may still grow: of another process what it writes late
MOST_UNWRITTEN = 2_000  # minutes of offers that wait for a database that is away
_KeptAt = tuple[str, int]  # the process and the minute


@dataclass(slots=True)
class _Target:
    """One offer: minutes that may still grow, and the weight of those that are over."""

    settled: Decayed
    open: dict[_KeptAt, Tally] = field(default_factory=dict)
    known: set[_KeptAt] = field(default_factory=set)  # that are settled

    def settle(self, minute: int) -> None:
        """Let the settled part be that of `minute`, with every open one that is over by then."""
        if self.settled.minute == minute:
            return
        self.settled = self.settled.at(minute)
        for key in [key for key in self.open if key[1] <= minute - _OPEN]:
            self.settled.add(self.open.pop(key), key[1])
            self.known.add(key)
        self.known = {key for key in self.known if key[1] > minute - REMEMBERED}

    def sums(self, minute: int) -> Decayed:
        """Return what all of it weighs at `minute`."""
        whole = self.settled.at(minute)
        for (_, counted_at), tally in self.open.items():
            whole.add(tally, counted_at)
        return whole


class Statistics:
    """Counts attempts, and tells what is known of each offer. Times are Unix seconds."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.lost = 0  # minutes that could not be written
        self._targets: dict[int, _Target] = {}
        self._unwritten: dict[tuple[int, int], Tally] = {}  # by offer and minute
        self._sums: dict[int, Decayed] = {}
        self._changed: set[int] = set()
        self._minute = 0  # of the last look

    def record(self, target_id: int, outcome: Outcome, now: float) -> None:
        """Count an attempt that ended."""
        minute = int(now // MINUTE)
        target = self._target(target_id, minute)
        key = (self.process, minute)
        tally = target.open.get(key)
        if tally is None:
            tally = target.open[key] = Tally()
        tally.add(outcome)
        self._unwritten[target_id, minute] = tally
        if len(self._unwritten) > MOST_UNWRITTEN:
            self._give_up()
        self._changed.add(target_id)

    def take_in(self, target_id: int, *, process: str, minute: int, tally: Tally, now: float) -> None:
        """Learn what a process has written of a minute, which replaces what it wrote of it before."""
        this = int(now // MINUTE)
        key = (process, minute)
        target = self._target(target_id, this)
        if minute <= this - REMEMBERED or key in target.known:
            return
        if minute > this - _OPEN:
            target.open[key] = tally
        else:
            target.open.pop(key, None)
            target.settled.add(tally, minute)
            target.known.add(key)
        self._changed.add(target_id)

    def unwritten(self) -> list[tuple[int, int, Tally]]:
        """Return offer, minute and what was counted, of all that changed since it was written."""
        return [(target_id, minute, tally) for (target_id, minute), tally in self._unwritten.items()]

    def written(self, rows: Mapping[tuple[int, int], int]) -> None:
        """Forget that these offers and minutes wait, where no attempt came since so many were written."""
        for row, attempts in rows.items():
            if row in self._unwritten and self._unwritten[row].attempts == attempts:
                del self._unwritten[row]

    def _give_up(self) -> None:
        """Let the oldest tenth go: the database is away for long."""
        oldest = sorted(self._unwritten, key=lambda row: row[1])[: MOST_UNWRITTEN // 10]
        for row in oldest:
            del self._unwritten[row]
        self.lost += len(oldest)

    def live(
        self, now: float, *, models: Mapping[int, int], degraded: Collection[int] = ()
    ) -> dict[int, Live]:
        """Return what is known of every offer; `models` says which of them serve the same one."""
        for target_id in self.stale(now):
            self.refresh(target_id, now)
        return self.lives(models, degraded)

    def stale(self, now: float) -> list[int]:
        """Return the offers that are to be added up anew: all of them once a minute."""
        minute = int(now // MINUTE)
        if minute != self._minute:
            self._minute, self._changed = minute, set(self._targets)
        found = list(self._changed)
        self._changed.clear()
        return found

    def refresh(self, target_id: int, now: float) -> None:
        """Add up one offer, or forget it where nothing is left of it."""
        minute, target = int(now // MINUTE), self._targets[target_id]
        target.settle(minute)
        if target.open or not target.settled.is_empty:
            self._sums[target_id] = target.sums(minute)
        else:
            del self._targets[target_id]
            self._sums.pop(target_id, None)

    def lives(self, models: Mapping[int, int], degraded: Collection[int] = ()) -> dict[int, Live]:
        """Return what is known of every offer by what was added up last."""
        evidence = {target_id: sums.evidence for target_id, sums in self._sums.items()}
        peers: dict[int, list[int]] = {}
        for target_id in evidence:
            peers.setdefault(models.get(target_id, -target_id), []).append(target_id)
        return dict(self._lives(evidence, peers, degraded))

    def _lives(
        self, evidence: Mapping[int, Evidence], peers: Mapping[int, list[int]], degraded: Collection[int]
    ) -> Iterator[tuple[int, Live]]:
        for group in peers.values():
            for target_id in group:
                own, sums = evidence[target_id], self._sums[target_id]
                found = score(own, [evidence[other] for other in group if other != target_id])
                speed = own.tokens_per_second
                yield (
                    target_id,
                    Live(
                        calls=own.calls,
                        reliability=wilson_lower(own.well, own.calls) if own.calls else None,
                        latency_ms=own.latency_ms,
                        ttft_ms=median(sums.ttft),
                        tokens_per_second=speed,
                        score=None if found is None else float(found.value),
                        is_degraded=target_id in degraded,
                        slowest_ms=quantile(sums.latency, 0.99, least=LEAST_CALLS),
                    ),
                )

    def _target(self, target_id: int, minute: int) -> _Target:
        target = self._targets.get(target_id)
        if target is None:
            target = self._targets[target_id] = _Target(decayed([], minute=minute))
        return target
