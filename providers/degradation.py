"""Pure: whether an offer does worse than it usually does, and how sure that is.

Each measure is a share of bad calls: broken by illness; slower than its slow calls usually are; with fewer
tokens per second than its slow ones; tool calls whose arguments are no JSON; answers that were to be JSON
and are none. Minute by minute the evidence that the share has risen by a step adds up, and what speaks
against it is taken off: a cumulative sum that begins at zero and never falls below it. At `SURE` it has
degraded; of failures and malformed answers, which do not follow the time of day, at as much as makes false
alarms rare at the rate at which calls come (enough.py). It is over when the share is back near the usual one
for some time: a weaker sign than the begin needed, so that it does not flap.
Source: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954) 100-115,
https://doi.org/10.1093/biomet/41.1-2.100; docs/scoring.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from llmhub.lib.sketch import Sketch, middle_of
from providers.enough import enough, steps
from providers.score import wilson_upper
from providers.tally import Tally

Measure = Literal["errors", "latency", "throughput", "tool_calls", "schemas"]
MEASURES: tuple[Measure, ...] = ("errors", "latency", "throughput", "tool_calls", "schemas")
# By how much a share has to rise, and what counts as usual at least.
STEP: dict[Measure, float] = {
    "errors": 0.10, "latency": 0.25, "throughput": 0.25, "tool_calls": 0.10, "schemas": 0.10,
}  # fmt: skip
FLOOR: dict[Measure, float] = {
    "errors": 0.02, "latency": 0.05, "throughput": 0.05, "tool_calls": 0.02, "schemas": 0.02,
}  # fmt: skip
SURE = 12.0  # logarithm of the likelihood ratio: one false alarm in e^12 calls at most, and far fewer
STEADY: frozenset[Measure] = frozenset({"errors", "tool_calls", "schemas"})
SUSPECTED = 2.0  # of the same: a call more would say much, where somebody pays for it
LEAST_USUAL = 200  # calls, before anything is usual
LEAST_CALLS = 20  # of the calls that speak for it
LEAST_BAD = 5
# Below `SURE`: so few calls, but bad ones in so many minutes. Failures come in bursts, and one burst is none.
FEWEST_CALLS = 10
BAD_MINUTES = 3
LOOKED_AT = 60  # minutes
CALM = 10  # minutes near the usual share, after which it is over
CALM_CALLS = 30
NEAR = 0.25  # of a step
# Slow is what takes so much longer than nine of ten calls usually take. By day many providers are up to a
# third slower than by night, and what is usual of a fallback may be known from one of the two alone.
MARGIN = 1.4


@dataclass(frozen=True, slots=True)
class Count:
    """Calls, and how many of them were bad by one measure."""

    calls: int = 0
    bad: int = 0

    def __add__(self, other: Count) -> Count:
        """Return both together."""
        return Count(self.calls + other.calls, self.bad + other.bad)

    @property
    def share(self) -> float:
        """The bad ones among them, 0 of none."""
        return self.bad / self.calls if self.calls else 0.0


Counts = Mapping[Measure, Count]


@dataclass(frozen=True, slots=True)
class Usual:
    """What an offer is usually like."""

    shares: Mapping[Measure, float]  # of bad calls, as high as they may well be; without what is not known
    latency_ms: int | None = None  # median
    speed: int | None = None  # median, tenths of a token per second
    slow_ms: float | None = None  # what takes longer is slow
    low_speed: float | None = None
    of_peers: bool = False  # too little is known of itself: others that serve the same model are its measure
    # Of `STEADY`: the share of bad calls as high as it may well be, however low; not of peers.
    highest: Mapping[Measure, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer as it was in the last minutes."""

    usual: Usual | None = None
    minutes: Mapping[int, Counts] = field(default_factory=dict)  # by minute


@dataclass(frozen=True, slots=True)
class Change:
    """A measure of an offer has degraded, or it is over."""

    measure: Measure
    begins: bool
    count: Count  # of the calls that say so
    minutes: int  # in which they were made
    usual: float  # share


def usual_of(own: Tally, peers: Tally | None = None) -> Usual | None:
    """Return what is usual, from the last days of an offer; of its peers where it had too few calls.

    A new offer may be slower than others without having degraded: peers say nothing of its speed.
    """
    if own.calls >= LEAST_USUAL:
        return _usual(own, of_peers=False)
    return None if peers is None or peers.calls < LEAST_USUAL else _usual(peers, of_peers=True)


def _usual(tally: Tally, *, of_peers: bool) -> Usual:
    slow = None if of_peers else _percentile(tally.latency, 90)
    low = None if of_peers else _percentile(tally.speed, 10)
    usual = Usual(
        {},
        latency_ms=tally.latency.percentile(50),
        speed=tally.speed.percentile(50),
        slow_ms=None if slow is None else slow * MARGIN,
        low_speed=None if low is None else low / MARGIN,
        of_peers=of_peers,
    )
    highest: dict[Measure, float] = {
        measure: wilson_upper(each.bad, each.calls)
        for measure, each in count(tally, usual).items()
        if each.calls >= LEAST_USUAL
    }
    own = {measure: share for measure, share in highest.items() if measure in STEADY and not of_peers}
    shares = {measure: max(FLOOR[measure], share) for measure, share in highest.items()}
    return replace(usual, shares=shares, highest=own)


def count(tally: Tally, usual: Usual) -> Counts:
    """Return the calls of a tally by measure, and how many were bad."""
    found: dict[Measure, Count] = {
        "errors": Count(tally.calls, tally.ill),
        "tool_calls": Count(tally.of("tool_calls"), tally.of("bad_tool_calls")),
        "schemas": Count(tally.of("schemas"), tally.of("bad_schemas")),
    }
    if usual.slow_ms is not None:
        slow = sum(
            number for place, number in tally.latency.counts.items() if middle_of(place) > usual.slow_ms
        )
        found["latency"] = Count(tally.latency.count, slow)
    if usual.low_speed is not None:
        low = sum(
            number for place, number in tally.speed.counts.items() if middle_of(place) < usual.low_speed
        )
        found["throughput"] = Count(tally.speed.count, low)
    return found


def look(own: Offer, peers: Sequence[Offer], since: Mapping[Measure, int], *, minute: int) -> list[Change]:
    """Return what changed; `since` says for each measure the minute of its last change.

    A measure that has degraded stands there with its minute, one that recovered with its negative.
    """
    if own.usual is None:
        return []
    changes = (_look(own, peers, measure, since.get(measure, 0), minute) for measure in own.usual.shares)
    return [change for change in changes if change is not None]


def is_suspected(own: Offer, since: Mapping[Measure, int], *, minute: int) -> bool:
    """Return whether something speaks for more failures than usual, and not enough to say so."""
    if own.usual is None or "errors" not in own.usual.shares or since.get("errors", 0) > 0:
        return False
    usual, first = own.usual.shares["errors"], max(minute - LOOKED_AT, -since.get("errors", 0)) + 1
    counts = [_at(own, "errors", each) for each in range(first, minute + 1)]
    higher = usual + STEP["errors"]
    return higher < 1 and _rise(counts, *steps(usual, higher))[0] >= SUSPECTED


def _look(own: Offer, peers: Sequence[Offer], measure: Measure, since: int, minute: int) -> Change | None:
    assert own.usual is not None
    usual = own.usual.shares[measure]
    if since > 0:
        calm = calm_since(own, measure, since=since, minute=minute)
        return None if calm is None else Change(measure, False, *calm, usual)
    first = max(minute - LOOKED_AT, -since) + 1
    counts = [_at(own, measure, each) for each in range(first, minute + 1)]
    rising = risen(counts, usual, STEP[measure], highest=own.usual.highest.get(measure))
    if rising is None or _is_shared(measure, rising, usual, peers, minute):
        return None
    return Change(measure, True, *rising, usual)


def risen(
    counts: Sequence[Count], usual: float, step: float, *, highest: float | None = None
) -> tuple[Count, int] | None:
    """Return the calls that show that a share has risen above `usual`, and in how many minutes; else None.

    Where `highest` is given, the share of bad calls when all is well, less evidence than `SURE` may do.
    """
    higher = min(usual + step, 0.99)
    if higher <= usual:
        return None  # there is no more
    up, down = steps(usual, higher)
    evidence, begun = _rise(counts, up, down)
    rising = counts[begun:]
    seen = sum(rising, Count())
    is_sure = evidence >= SURE and seen.calls >= LEAST_CALLS
    if seen.bad < LEAST_BAD or not (is_sure or _is_enough(counts, rising, evidence, (up, down), highest)):
        return None
    return seen, len(rising)


def _rise(counts: Sequence[Count], up: float, down: float) -> tuple[float, int]:
    """Return the evidence, and the place of the count with which it began to rise."""
    evidence, begun = 0.0, 0
    for place, each in enumerate(counts):
        evidence += each.bad * up - (each.calls - each.bad) * down
        if evidence <= 0:
            evidence, begun = 0.0, place + 1
    return evidence, begun


def _is_enough(
    counts: Sequence[Count],
    rising: Sequence[Count],
    evidence: float,
    each: tuple[float, float],
    highest: float | None,
) -> bool:
    """Return whether the evidence is beyond what chance makes of the calls of some weeks."""
    calls = sum(minute.calls for minute in rising)
    if highest is None or calls < FEWEST_CALLS or sum(minute.bad > 0 for minute in rising) < BAD_MINUTES:
        return False
    rate = max(calls / len(rising), sum(minute.calls for minute in counts) / len(counts))
    return evidence >= enough(*each, highest=highest, calls_per_minute=rate)


def calm_since(own: Offer, measure: Measure, *, since: int, minute: int) -> tuple[Count, int] | None:
    """Return the calls that show that a measure is near its usual share again, None where none do.

    Without any call for an hour nothing is known, and nothing is claimed.
    """
    assert own.usual is not None
    seen = Count()
    for back in range(LOOKED_AT):
        if minute - back <= since:
            break
        seen += _at(own, measure, minute - back)
        if back + 1 >= CALM and seen.calls >= CALM_CALLS:
            is_near = seen.share <= own.usual.shares[measure] + NEAR * STEP[measure]
            return (seen, back + 1) if is_near else None
    return (seen, LOOKED_AT) if not seen.calls and minute - since >= LOOKED_AT else None


def _is_shared(
    measure: Measure, rising: tuple[Count, int], usual: float, peers: Sequence[Offer], minute: int
) -> bool:
    """Return whether peers have changed alike: then it is what is asked, not who answers.

    That cannot explain errors: a request that is wrong is none.
    """
    if measure == "errors":
        return False
    seen, minutes = rising
    excess = seen.share - usual
    for peer in peers:
        if peer.usual is None or measure not in peer.usual.shares:
            continue
        theirs = sum((_at(peer, measure, minute - back) for back in range(minutes)), Count())
        if theirs.calls >= LEAST_CALLS and theirs.share - peer.usual.shares[measure] >= excess / 2:
            return True
    return False


def _at(offer: Offer, measure: Measure, minute: int) -> Count:
    return offer.minutes.get(minute, {}).get(measure, Count())


def _percentile(sketch: Sketch, percent: int) -> int | None:
    return sketch.percentile(percent) if sketch.count >= LEAST_USUAL else None
