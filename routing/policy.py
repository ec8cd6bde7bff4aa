"""Pure: the order in which candidates are tried, by policy, with the figures that decided.

Degraded offers come after those that are well, whatever the policy. What is not known of an offer is
taken to be the median of what is known of the others, so that it is neither chosen nor left out for it.
docs/routing.md says the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from statistics import median
from typing import Literal

from providers.live import Live
from routing.policy_words import BY_EVIDENCE, Policy

UNKNOWN = Live()
BALANCE: Mapping[str, float] = {"cost": 0.35, "reliability": 0.35, "latency": 0.2, "throughput": 0.1}
LITTLE = 20  # calls: an offer with fewer may be tried first to learn about it
Note = Literal["", "session", "explored"]  # why a candidate stands first though it is not ranked first


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer that may be tried, with what is known of it; `cost_nano` None: it has no price."""

    offer_id: int
    cost_nano: int | None = None  # what the call is expected to cost there
    weight: int = 1
    live: Live = UNKNOWN


@dataclass(frozen=True, slots=True)
class Ranking:
    """How to rank: the policy, and everything else that decides."""

    policy: Policy
    seed: str  # what chance is made of: the request's id, or its session
    streams: bool = False  # then the time to the first token is its latency
    explore_percent: int = 0
    max_cost_multiple: Decimal | None = None
    session_offer: int | None = None  # where the session was answered last


@dataclass(frozen=True, slots=True)
class Ranked:
    """One choice in its place."""

    choice: Choice
    value: float  # by which it was ordered, the least first
    terms: Mapping[str, float] = field(default_factory=dict)  # that sum to the value, where there are some
    note: Note = ""


@dataclass(frozen=True, slots=True)
class Order:
    """All choices: those to be tried in order, and those that cost too much beside the first."""

    kept: tuple[Ranked, ...]
    too_dear: tuple[Ranked, ...] = ()


def rank(choices: Sequence[Choice], ranking: Ranking) -> Order:
    """Return the choices in order; those that tie stay as they are listed."""
    values = _VALUES[ranking.policy](choices, ranking)
    ranked = [Ranked(choice, value, terms) for choice, (value, terms) in zip(choices, values, strict=True)]
    ranked.sort(key=lambda each: (each.choice.live.is_degraded, each.value))
    found = _within(ranked, ranking.max_cost_multiple)
    return Order(tuple(_with_exception(list(found.kept), ranking)), found.too_dear)


def _with_exception(ranked: list[Ranked], ranking: Ranking) -> list[Ranked]:
    """Return the choices with the one of the session, or one that is to be explored, put first.

    What costs too much beside the one that the policy ranks first is not among them: else a session
    that a dear fallback answered once would stay there, and fall back to what is dearer still.
    """
    for place, each in enumerate(ranked):
        if each.choice.offer_id == ranking.session_offer and not each.choice.live.is_degraded:
            return _first(ranked, place, "session")
    explores = (
        ranking.policy in BY_EVIDENCE and chance(ranking.seed, "explore") * 100 < ranking.explore_percent
    )
    places = [place for place in range(1, len(ranked)) if explores and _may_explore(ranked, place, ranking)]
    if not places:
        return ranked
    return _first(ranked, places[int(chance(ranking.seed, "which") * len(places))], "explored")


def _may_explore(ranked: Sequence[Ranked], place: int, ranking: Ranking) -> bool:
    """Return whether too little is known of a choice, and it costs no more than a fallback might."""
    live = ranked[place].choice.live
    if live.calls >= LITTLE or live.is_degraded:
        return False
    first, other = ranked[0].choice.cost_nano, ranked[place].choice.cost_nano
    if first is None:
        return True
    return other is not None and other <= (ranking.max_cost_multiple or 1) * first


def _first(ranked: list[Ranked], place: int, note: Note) -> list[Ranked]:
    if place == 0:
        return ranked
    each = ranked[place]
    moved = Ranked(each.choice, each.value, each.terms, note)
    return [moved, *ranked[:place], *ranked[place + 1 :]]


def _within(ranked: Sequence[Ranked], multiple: Decimal | None) -> Order:
    """Leave out what costs more than so many times the first choice; what has no price may cost anything."""
    first = ranked[0].choice.cost_nano if ranked else None
    if multiple is None or first is None:
        return Order(tuple(ranked))
    kept: list[Ranked] = []
    too_dear: list[Ranked] = []
    for each in ranked:
        cost = each.choice.cost_nano
        (kept if cost is not None and cost <= multiple * first else too_dear).append(each)
    return Order(tuple(kept), tuple(too_dear))


# --- values: the least is tried first ----------------------------------------------------------

Values = list[tuple[float, Mapping[str, float]]]
_NO_TERMS: Mapping[str, float] = {}


def _by_list(choices: Sequence[Choice], ranking: Ranking) -> Values:
    return [(float(place), _NO_TERMS) for place in range(len(choices))]


def _by_cost(choices: Sequence[Choice], ranking: Ranking) -> Values:
    return [(_cost(choice), _NO_TERMS) for choice in choices]


def _by_latency(choices: Sequence[Choice], ranking: Ranking) -> Values:
    return _plain(_filled(_latencies(choices, ranking)))


def _by_throughput(choices: Sequence[Choice], ranking: Ranking) -> Values:
    return _plain(-value for value in _filled([choice.live.tokens_per_second for choice in choices]))


def _by_reliability(choices: Sequence[Choice], ranking: Ranking) -> Values:
    return _plain(-value for value in _filled([choice.live.reliability for choice in choices]))


def _by_balance(choices: Sequence[Choice], ranking: Ranking) -> Values:
    """Each term says how much worse than the best an offer is, from 0 to its weight."""
    latencies = _filled(_latencies(choices, ranking))
    speeds = _filled([choice.live.tokens_per_second for choice in choices])
    shares = _filled([choice.live.reliability for choice in choices])
    costs = [_cost(choice) for choice in choices]
    found: Values = []
    for cost, latency, speed, share in zip(costs, latencies, speeds, shares, strict=True):
        worse = {
            "cost": 1 - _ratio(min(costs), cost),
            "reliability": max(shares) - share,
            "latency": 1 - _ratio(min(latencies), latency),
            "throughput": 1 - _ratio(speed, max(speeds)),
        }
        terms = {name: BALANCE[name] * value for name, value in worse.items()}
        found.append((sum(terms.values()), terms))
    return found


def _by_weight(choices: Sequence[Choice], ranking: Ranking) -> Values:
    """Order by chance so that each stands first in proportion to its weight, and so on among the rest.

    Source: Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006.
    """
    return _plain(
        -math.log(1 - chance(ranking.seed, str(choice.offer_id))) / choice.weight
        if choice.weight
        else math.inf
        for choice in choices
    )


_VALUES: Mapping[Policy, Callable[[Sequence[Choice], Ranking], Values]] = {
    "priority": _by_list,
    "cost": _by_cost,
    "latency": _by_latency,
    "throughput": _by_throughput,
    "reliability": _by_reliability,
    "balanced": _by_balance,
    "weighted": _by_weight,
}


def chance(seed: str, of: str) -> float:
    """Return a number from 0 to below 1 that is the same each time for the same texts."""
    digest = blake2b(f"{seed}\n{of}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / 2**56


def _plain(values: Iterable[float]) -> Values:
    return [(value, _NO_TERMS) for value in values]


def _latencies(choices: Sequence[Choice], ranking: Ranking) -> list[float | None]:
    return [choice.live.ttft_ms if ranking.streams else choice.live.latency_ms for choice in choices]


def _filled(values: Sequence[float | None]) -> list[float]:
    """Return the values with the median in the place of those that are not known."""
    known = [value for value in values if value is not None]
    middle = median(known) if known else 0.0
    return [middle if value is None else value for value in values]


def _cost(choice: Choice) -> float:
    return math.inf if choice.cost_nano is None else float(choice.cost_nano)


def _ratio(small: float, large: float) -> float:
    """Return how a value compares with the best one: 1 is as good."""
    if small == large:
        return 1.0
    return 0.0 if math.isinf(large) or not large else small / large
