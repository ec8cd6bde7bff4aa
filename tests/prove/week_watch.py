"""Whether an offer has degraded, minute by minute: what degradation_watch.py does, without rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from providers.degradation import LOOKED_AT, Measure, Offer, Usual, count, look, usual_of
from providers.statistics import REMEMBERED
from providers.tally import Outcome, Tally, merged

_FRESH = 15  # minutes for which what is usual is not worked out again
_BEFORE = 10  # minutes before a degradation that are not usual either


@dataclass
class _Watched:
    """One offer."""

    minutes: dict[int, Tally] = field(default_factory=dict)
    counts: dict[int, object] = field(default_factory=dict)  # of those minutes, by what is usual
    baseline: Tally = field(default_factory=Tally)  # everything but the last hour and bad times
    settled: int = 0  # the minute up to which the baseline reaches
    usual: Usual | None = None
    since: dict[Measure, int] = field(default_factory=dict)
    bad: list[list[int]] = field(default_factory=list)  # first and last minute of bad times
    last: int = 0  # the minute of the last call
    is_new: bool = False  # a call came since the last look


class Watch:
    """All offers of a route, in groups of those that serve one model."""

    def __init__(self, groups: Sequence[Sequence[int]]) -> None:
        self._groups = groups
        self._all = {each: _Watched() for group in groups for each in group}
        self._fresh_until = 0

    @property
    def degraded(self) -> frozenset[int]:
        return frozenset(id_ for id_, each in self._all.items() if any(v > 0 for v in each.since.values()))

    def saw(self, offer: int, minute: int, outcome: Outcome) -> None:
        """Count an attempt."""
        each = self._all[offer]
        each.minutes.setdefault(minute, Tally()).add(outcome)
        each.counts.pop(minute, None)
        each.last, each.is_new = minute, True

    def take_in(self, offer: int, minute: int, tally: Tally) -> None:
        """Count what was before."""
        self._all[offer].minutes[minute] = tally

    def look(self, minute: int) -> list[tuple[int, str]]:
        """What begins and what is over, as offer and measure."""
        if minute >= self._fresh_until:
            self._fresh_until = minute + _FRESH
            self._work_out(minute)
        found: list[tuple[int, str]] = []
        for group in self._groups:
            for id_ in group:
                each = self._all[id_]
                if each.is_new or id_ in self.degraded:  # without news, nothing begins
                    peers = [self._offer(self._all[other], minute) for other in group if other != id_]
                    found += self._changes(id_, peers, minute)
                each.is_new = False
        return found

    def _changes(self, id_: int, peers: list[Offer], minute: int) -> Iterator[tuple[int, str]]:
        each = self._all[id_]
        for change in look(self._offer(each, minute), peers, each.since, minute=minute):
            yield from self._note(id_, change.measure, minute, begins=change.begins)
        if each.last <= minute - REMEMBERED:
            for measure in [measure for measure, since in each.since.items() if since > 0]:
                yield from self._note(id_, measure, minute, begins=False)

    def _note(self, id_: int, measure: Measure, minute: int, *, begins: bool) -> Iterator[tuple[int, str]]:
        each = self._all[id_]
        each.since[measure] = minute if begins else -minute
        if begins:
            each.bad.append([minute - _BEFORE, 10**12])
        else:
            each.bad = [[first, min(last, minute)] for first, last in each.bad]
        yield id_, ("+" if begins else "-") + measure

    def _offer(self, each: _Watched, minute: int) -> Offer:
        if each.usual is None:
            return Offer()
        for number, tally in each.minutes.items():
            if number not in each.counts and number > minute - LOOKED_AT:
                each.counts[number] = count(tally, each.usual)
        return Offer(each.usual, each.counts)

    def _work_out(self, minute: int) -> None:
        for each in self._all.values():
            self._settle(each, minute - LOOKED_AT)
        for group in self._groups:
            for id_ in group:
                each = self._all[id_]
                peers = merged([self._all[other].baseline for other in group if other != id_])
                each.usual, each.counts = usual_of(each.baseline, peers), {}

    def _settle(self, each: _Watched, until: int) -> None:
        """Let the baseline reach up to a minute, and forget what nobody looks at any more."""
        for number in sorted(each.minutes):
            if each.settled <= number < until and not any(a <= number <= b for a, b in each.bad):
                each.baseline.merge(each.minutes[number])
        each.settled = max(each.settled, until)
        each.minutes = {n: tally for n, tally in each.minutes.items() if n > until - LOOKED_AT}
