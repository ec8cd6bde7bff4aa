"""A week of calls to one route, and what befalls its providers: all of it follows from a seed.

Times are seconds from Monday 00:00 UTC. The cheapest provider, through which everything goes while it is
well, meets most of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Literal

from routing.resolve import Destination
from routing.snapshot import EntryValue, OfferValue, RouteValue, SealedCredential, TargetValue
from tests.gateway.values import price, provider

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, DAY = 60, 86_400
_HOUR = 3600
AURORA, BOREAL, CIRRUS, DELTA = 1, 2, 3, 4  # offers, the cheapest first; the last is another model
OFFERS = (AURORA, BOREAL, CIRRUS, DELTA)
PRICES = {AURORA: ("1", "4"), BOREAL: ("1.1", "4.4"), CIRRUS: ("1.4", "5.6"), DELTA: ("2", "8")}
_TOOLS = ("stream", "tools", "json_schema")
TOOL_CALLS = 0.25  # share of the calls
RETRY_AFTER = 20.0  # seconds, of a provider that limits

Kind = Literal["outage", "decline", "slowing", "storm", "tools", "flapping", "retired", "hanging"]
ONE_IN = 5  # calls is bad: from then on a provider counts as ill
_DOWN, _ROUND = 45, 135  # seconds: so long of each round a provider that flaps is down


@dataclass(frozen=True, slots=True)
class Incident:
    """What befalls one offer."""

    kind: Kind
    offer: int
    begins: float
    ends: float
    worst: float = 1.0  # share of bad calls; how many times as slow, of one that slows down
    ramp: float = 0.0  # seconds until it is as bad as it gets

    def is_on(self, now: float) -> bool:
        return self.begins <= now < self.ends

    def level(self, now: float) -> float:
        """How far it has come, from 0 to 1."""
        if not self.is_on(now):
            return 0.0
        if self.kind == "flapping":
            return float((now - self.begins) % self._round() < self._round() * _DOWN / _ROUND)
        return min(1.0, (now - self.begins) / self.ramp) if self.ramp else 1.0

    def is_ill(self, now: float) -> bool:
        """Whether one call in five at least is bad, or takes twice as long as usual."""
        return self.is_on(now) and self.level(now) >= self._threshold() - 1e-9

    @property
    def ill_from(self) -> float:
        return self.begins + self.ramp * self._threshold()

    def _threshold(self) -> float:
        if self.kind == "slowing":
            return 1 / (self.worst - 1)
        return 1 / ONE_IN / self.worst

    def _round(self) -> float:
        return _ROUND if self.ends - self.begins >= 10 * MINUTE else _ROUND / 5


@dataclass(frozen=True, slots=True)
class State:
    """How an offer does at one moment; shares are of its calls."""

    fails: float
    limited: float = 0.0
    hangs: float = 0.0  # is not answered at all
    broken_tools: float = 0.0
    slower: float = 1.0  # times
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Some time, and everything that happens in it."""

    length: float
    incidents: tuple[Incident, ...] = ()
    seed: int = 7
    busy: float = 1.0  # times as many calls
    tokens: int | None = None  # of each answer; None: they differ

    def state(self, offer: int, now: float) -> State:
        found = State(_FAILS[offer], slower=1 + 0.3 * _share_of_day(now))
        for each in self.incidents:
            if each.offer == offer and (level := each.level(now)):
                found = _worse(found, each, level)
        return found

    def is_ill(self, offer: int, now: float) -> bool:
        return any(each.offer == offer and each.is_ill(now) for each in self.incidents)

    def before(self, end: float) -> Script:
        """The same, ending earlier."""
        return replace(self, length=end, incidents=tuple(i for i in self.incidents if i.begins < end))

    def calls(self) -> Iterator[Arrival]:
        """Yield all calls, those of a Poisson process that follows the time of day."""
        random, now, number = Random(self.seed), 0.0, 0
        fastest = self.busy * (_NIGHT + _MORE_BY_DAY) / MINUTE
        while (now := now + random.expovariate(fastest)) < self.length:
            if random.random() * fastest > self.busy * rate(now) / MINUTE:
                continue
            number += 1
            yield Arrival(
                number=number,
                at=now,
                tools=random.random() < TOOL_CALLS,
                streams=random.random() < 0.5,
                body_bytes=int(random.lognormvariate(8.0, 0.7)),
                output_tokens=self.tokens or 20 + int(random.lognormvariate(5.3, 0.5)),
            )


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call."""

    number: int
    at: float
    tools: bool
    streams: bool
    body_bytes: int
    output_tokens: int


_NIGHT, _MORE_BY_DAY = 4.0, 18.0  # calls a minute
_FAILS = {AURORA: 0.008, BOREAL: 0.004, CIRRUS: 0.006, DELTA: 0.004}
FIRST_MS = {AURORA: 400, BOREAL: 350, CIRRUS: 500, DELTA: 400}  # until the first token, median
SPEED = {AURORA: 80, BOREAL: 95, CIRRUS: 70, DELTA: 90}  # tokens per second, median
SPREAD = 0.3  # of the logarithm of both


def rate(now: float) -> float:
    """Calls a minute: few at night, most at two in the afternoon, half as many on days off."""
    by_day = _MORE_BY_DAY * _share_of_day(now)
    return _NIGHT + (by_day / 2 if now % (7 * DAY) >= 5 * DAY else by_day)


def _share_of_day(now: float) -> float:
    return max(0.0, math.cos((now % DAY - 14 * _HOUR) / DAY * 2 * math.pi)) ** 0.7


def _worse(state: State, by: Incident, level: float) -> State:
    share = level * by.worst
    if by.kind == "slowing":
        return replace(state, slower=state.slower * (1 + level * (by.worst - 1)))
    if by.kind == "storm":
        return replace(state, limited=share)
    if by.kind == "hanging":
        return replace(state, hangs=share)
    if by.kind == "tools":
        return replace(state, broken_tools=share)
    if by.kind == "retired":
        return replace(state, is_gone=True)
    return replace(state, fails=max(state.fails, share))


# --- the route ----------------------------------------------------------------------------------


def offer(id_: int) -> OfferValue:
    made = provider(
        f"p{id_}", id=id_, base_url=f"http://p{id_}.test/v1", credentials=(SealedCredential(id=id_),)
    )
    return OfferValue(id_, "small-1", made, (price(*PRICES[id_]),), entry_id=2 if id_ == DELTA else 1)


def route(policy: str) -> Destination:
    """One model at three providers, then another one, which cannot call tools."""
    atlas = EntryValue(1, "acme/atlas", "Atlas", capabilities=_TOOLS, offers=tuple(map(offer, OFFERS[:3])))
    nova = EntryValue(2, "acme/nova", "Nova", capabilities=("stream",), offers=(offer(DELTA),))
    targets = (TargetValue(atlas), TargetValue(nova))
    value = RouteValue("support", targets, policy, max_cost_multiple=Decimal(3), explore_percent=2)
    return Destination("support", targets, policy, value)


# --- scripts ------------------------------------------------------------------------------------


def _incident(kind: Kind, at: float, minutes: float, *, of: int = AURORA, **more) -> Incident:
    return Incident(kind, of, at, at + minutes * MINUTE, **more)


def _at(day: int, hour: int, minute: int = 0) -> float:
    return day * DAY + hour * _HOUR + minute * MINUTE


WEEK = Script(
    7 * DAY,
    (
        _incident("outage", _at(0, 10), 25),
        _incident("decline", _at(1, 10), 120, worst=0.3, ramp=40 * MINUTE),
        _incident("storm", _at(1, 16), 40, worst=0.9),
        _incident("slowing", _at(2, 9, 30), 120, worst=3.0, ramp=30 * MINUTE),
        _incident("tools", _at(2, 15), 90, worst=0.6),
        _incident("hanging", _at(2, 19), 25),
        _incident("decline", _at(3, 2), 90, worst=0.5, ramp=20 * MINUTE),
        _incident("flapping", _at(3, 13), 60),
        _incident("outage", _at(3, 20), 15),
        _incident("outage", _at(3, 20), 15, of=BOREAL),
        _incident("retired", _at(4, 10), 62 * 60),
        _incident("slowing", _at(5, 12), 90, of=BOREAL, worst=4.0, ramp=30 * MINUTE),
        _incident("outage", _at(6, 3), 30, of=BOREAL),
        _incident("decline", _at(6, 14), 90, of=BOREAL, worst=0.5, ramp=20 * MINUTE),
    ),
)
A_DAY = Script(
    DAY,
    (
        _incident("outage", _at(0, 7), 15),
        _incident("decline", _at(0, 9), 45, worst=0.4, ramp=20 * MINUTE),
        _incident("slowing", _at(0, 11, 30), 45, worst=3.0, ramp=20 * MINUTE),
        _incident("tools", _at(0, 14), 45, worst=0.6),
        _incident("storm", _at(0, 16, 30), 20, worst=0.9),
        _incident("flapping", _at(0, 18), 30),
        _incident("hanging", _at(0, 19, 45), 15),
        _incident("retired", _at(0, 21), 180),
    ),
)
# An hour of trouble, twelve times as fast: what a provider does is what the simulator can do, too.
HOUR = Script(
    300,
    (
        Incident("outage", AURORA, 20, 70),
        Incident("storm", AURORA, 120, 150),
        Incident("tools", AURORA, 170, 215),
        Incident("decline", BOREAL, 225, 300, worst=0.5, ramp=40),
    ),
    busy=45.0,  # 180 calls a minute, 12 times 15
    tokens=200,
)
