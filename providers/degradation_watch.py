"""Look for offers that do worse than they usually do, and write down when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from providers import degradation_words as words
from providers import statistics_rows
from providers.degradation import (
    LOOKED_AT,
    Change,
    Measure,
    Offer,
    Usual,
    count,
    is_suspected,
    look,
    usual_of,
)
from providers.evidence_models import Degradation, KeptScore
from providers.statistics import MINUTE
from providers.tally import Tally, merged

BASELINE = 7 * 24 * 60  # minutes that say what is usual
_FRESH = timedelta(minutes=15)  # for so long what is usual is not read again
_BEFORE = 10  # minutes before a degradation was noticed that are not usual either
Recent = Mapping[int, Sequence[tuple[int, Tally]]]  # by offer: minutes and what was counted in them


@dataclass(frozen=True, slots=True)
class Watched:
    """One offer, and what it is called."""

    target_id: int
    provider_id: int
    label: str


@dataclass
class Baselines:
    """What offers were like in the last days, read again from time to time."""

    _known: dict[int, tuple[datetime, Tally]] = field(default_factory=dict)

    def of(self, targets: Sequence[int], now: datetime) -> dict[int, Tally]:
        """Return what each of some offers did in the last 7 days, but for the last hour and bad times."""
        self._known = {target: kept for target, kept in self._known.items() if kept[0] > now - _FRESH}
        missing = [target for target in targets if target not in self._known]
        minute = minute_of(now)
        bad = _bad_times(missing, minute)
        tallies: dict[int, list[Tally]] = {target: [] for target in missing}
        rows = statistics_rows.since(minute - BASELINE, until=minute - LOOKED_AT, targets=missing)
        for kept in rows if missing else ():
            if not any(first <= kept.minute <= last for first, last in bad.get(kept.target_id, ())):
                tallies[kept.target_id].append(kept.tally)
        self._known.update({target: (now, merged(found)) for target, found in tallies.items()})
        return {target: self._known[target][1] for target in targets}


def minute_of(moment: datetime) -> int:
    """Return a moment in minutes since 1970."""
    return int(moment.timestamp() // MINUTE)


def watch(groups: Sequence[Sequence[Watched]], recent: Recent, now: datetime, baselines: Baselines) -> int:
    """Write down what changed, and return how much; each group are offers of one model. Safe to run twice."""
    watched = [each.target_id for group in groups for each in group]
    known = baselines.of(watched, now)
    since = _since(watched, now)
    changes, suspected = 0, list[int]()
    for group in groups:
        usual = {each.target_id: _usual(each, group, known) for each in group}
        offers = {
            each.target_id: _offer(usual[each.target_id], recent.get(each.target_id, ())) for each in group
        }
        for each in group:
            peers = [offers[other.target_id] for other in group if other is not each]
            own, target = offers[each.target_id], each.target_id
            for change in look(own, peers, since.get(target, {}), minute=minute_of(now)):
                assert own.usual is not None
                changes += _write(each, change, own.usual, _of(recent[target], change, now), now)
            if is_suspected(own, since.get(target, {}), minute=minute_of(now)):
                suspected.append(target)
    if suspected:  # each look at the scores begins without
        KeptScore.objects.filter(target_id__in=suspected).update(is_suspected=True)
    return changes + _forgotten(watched, now)


def _usual(own: Watched, group: Sequence[Watched], known: Mapping[int, Tally]) -> Usual | None:
    return usual_of(
        known[own.target_id], merged([known[other.target_id] for other in group if other is not own])
    )


def _offer(usual: Usual | None, minutes: Sequence[tuple[int, Tally]]) -> Offer:
    if usual is None:
        return Offer()
    by_minute: dict[int, list[Tally]] = {}
    for minute, tally in minutes:
        by_minute.setdefault(minute, []).append(tally)
    return Offer(usual, {minute: count(merged(found), usual) for minute, found in by_minute.items()})


def _of(minutes: Sequence[tuple[int, Tally]], change: Change, now: datetime) -> Tally:
    first = minute_of(now) - change.minutes
    return merged([tally for minute, tally in minutes if minute > first])


def _since(targets: Sequence[int], now: datetime) -> dict[int, dict[Measure, int]]:
    """Return the minute of the last change of each measure of each offer, negative where it ended."""
    found: dict[int, dict[Measure, int]] = {}
    rows = Degradation.objects.filter(target_id__in=targets, began_at__gt=now - timedelta(days=30))
    for row in rows.order_by("id"):
        minute = minute_of(row.began_at) if row.ended_at is None else -minute_of(row.ended_at)
        found.setdefault(row.target_id, {})[row.measure] = minute  # type: ignore[index]
    return found


def _bad_times(targets: Sequence[int], minute: int) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for row in Degradation.objects.filter(target_id__in=targets):
        last = minute if row.ended_at is None else minute_of(row.ended_at)
        found.setdefault(row.target_id, []).append((minute_of(row.began_at) - _BEFORE, last))
    return found


@transaction.atomic
def _write(of: Watched, change: Change, usual: Usual, seen: Tally, now: datetime) -> int:
    """Write one change down, unless another worker was first."""
    if not change.begins:
        rows = Degradation.objects.filter(target_id=of.target_id, measure=change.measure, ended_at=None)
        return rows.update(ended_at=now, ended_with=words.ended(change, usual, seen)[:300])
    row = Degradation(
        provider_id=of.provider_id,
        target_id=of.target_id,
        label=of.label,
        measure=change.measure,
        began_at=now,
        began_with=words.begun(change, usual, seen)[:300],
        facts=words.facts(change, usual),
    )
    Degradation.objects.bulk_create([row], ignore_conflicts=True)
    return 1


def _forgotten(watched: Sequence[int], now: datetime) -> int:
    """End what is said of offers that had no call for hours, or are offered no more."""
    rows = Degradation.objects.filter(ended_at=None).exclude(target_id__in=watched)
    return rows.update(ended_at=now, ended_with="no call for hours: nothing is known of it any more")


def open_now() -> Iterator[Degradation]:
    """Yield what is degraded now, at providers that are called."""
    rows = Degradation.objects.filter(ended_at=None, provider__removed_at=None, provider__paused_reason="")
    yield from rows.select_related("provider").order_by("began_at", "id")
