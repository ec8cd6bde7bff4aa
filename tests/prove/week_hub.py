"""A hub of pure rules on a clock that jumps from event to event: what tries.py does, without sockets.

A process is a generator that yields the seconds it waits.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from providers.breaker import Breaker, Entry
from providers.degradation import MEASURES
from providers.errors import (
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    TargetMisconfigured,
)
from providers.live import Live
from providers.missing import Missing
from providers.silence import patience
from providers.statistics import Statistics
from providers.tally import Outcome
from routing.bound import Size
from routing.gateway.credentials import Credentials
from routing.gateway.errors import Refusal
from routing.plan import Asking, Candidate, Moment, plan
from routing.retry_budget import RetryBudget
from tests.prove.week_script import (
    DELTA,
    FIRST_MS,
    MONDAY,
    OFFERS,
    RETRY_AFTER,
    SPEED,
    SPREAD,
    Arrival,
    Script,
    route,
)
from tests.prove.week_watch import Watch

BASE = MONDAY.timestamp()
ATTEMPTS = 3
FIRST_BYTE, DEADLINE = 120.0, 600.0  # seconds: of a stream; of a whole answer and of a call
EVERY = 15.0  # seconds between two looks at the evidence, as the schedule has it
_TOOLS = frozenset({"tools"})
_NO_NEEDS: frozenset[str] = frozenset()
BEGINS = ("opened", *(f"+{measure}" for measure in MEASURES))  # notices that something is wrong
_MODELS = {each: 2 if each == DELTA else 1 for each in OFFERS}


@dataclass(frozen=True)
class Rules:
    """Which rules are at work."""

    policy: str = "cost"
    breaker: bool = True
    evidence: bool = True
    rests: bool = True  # of credentials that a provider limits
    retry_budget: bool = True


OURS = Rules()
# Whoever lists providers in an order and goes on to the next when one fails: it remembers nothing.
FIXED = Rules("priority", breaker=False, evidence=False, rests=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt."""

    seconds: float
    outcome: Outcome
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One call that is over."""

    arrival: Arrival
    offer: int | None  # that answered; None: none did
    attempts: int
    is_usable: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """The hub has noticed something about an offer."""

    at: float
    offer: int
    what: str  # opened, closed, or a measure with + or -


@dataclass
class Log:
    """Everything that happened."""

    answered: list[Answered] = field(default_factory=list)
    hits: list[tuple[float, int]] = field(default_factory=list)  # when, and at which offer
    notices: list[Notice] = field(default_factory=list)


class Rests(Credentials):
    """As the gateway's, but nobody writes down that a credential rests."""

    def _begin(self, work) -> None:
        pass


class Hub:
    """One gateway process, its worker, and the providers."""

    def __init__(self, script: Script, rules: Rules, *, until: float = float("inf")) -> None:
        self.script, self.rules, self.log = script, rules, Log()
        self.until = min(until, script.length)
        self.now = 0.0
        self.destination = route(rules.policy)
        self.breakers = {each: Breaker() for each in OFFERS}
        self.retries = RetryBudget()
        self.rests = Rests(run=lambda _: None)
        self.missing = Missing()
        self.statistics = Statistics("week")
        self.watch = Watch([OFFERS[:3], OFFERS[3:]])
        self.live: dict = {}
        self._chance = Random(script.seed + 1)
        self._queue: list[tuple[float, int, Iterator[float]]] = []
        self._numbers = itertools.count()

    # --- the clock -----------------------------------------------------------------------------

    def run(self) -> Log:
        """Play the script to its end."""
        self._start(self._traffic())
        if self.rules.evidence:
            self._start(self._worker())
        while self._queue:
            self.now, _, process = heapq.heappop(self._queue)
            self._go_on(process)
        return self.log

    def _start(self, process: Iterator[float]) -> None:
        self._go_on(process)

    def _go_on(self, process: Iterator[float]) -> None:
        wait = next(process, None)
        if wait is not None:
            heapq.heappush(self._queue, (self.now + wait, next(self._numbers), process))

    def _traffic(self) -> Iterator[float]:
        for arrival in self.script.calls():
            if arrival.at > self.until:
                return
            yield arrival.at - self.now
            self._start(self._call(arrival))

    def _worker(self) -> Iterator[float]:
        while self.now < self.until:
            yield EVERY
            at = BASE + self.now
            for offer, what in self.watch.look(int(at // 60)):
                self.log.notices.append(Notice(self.now, offer, what))
            self.live = self.statistics.live(at, models=_MODELS, degraded=self.watch.degraded)

    # --- a call --------------------------------------------------------------------------------

    def _call(self, arrival: Arrival) -> Iterator[float]:
        """As routing/gateway/tries.py does it."""
        self.retries.call(self.now)
        tried = 0
        for candidate in self._planned(arrival):
            if tried == ATTEMPTS:
                break
            id_ = candidate.offer.id
            if not self._is_awake(candidate):
                continue
            entry = self.breakers[id_].enter(self.now)
            if entry is None:
                continue
            if tried and self.rules.retry_budget and not self.retries.may_retry():
                self.breakers[id_].leave(entry)
                break
            tried += 1
            self.log.hits.append((self.now, id_))
            made = attempt(self.script, arrival, id_, self.now)
            told = yield from self._wait(id_, entry, made)
            self._learn(candidate, entry, made, told=told)
            if self.now - arrival.at >= DEADLINE:
                break
            if made.error is None:
                usable = not made.outcome.bad_tool_calls
                self.log.answered.append(Answered(arrival, id_, tried, usable))
                return
        self.log.answered.append(Answered(arrival, None, tried, is_usable=False))

    def _planned(self, arrival: Arrival) -> tuple[Candidate, ...]:
        asking = Asking(
            needs=_TOOLS if arrival.tools else _NO_NEEDS,
            size=Size(arrival.body_bytes, messages=2, tools=arrival.tools),
            streams=arrival.streams,
            seed=str(arrival.number),
        )
        waits = {
            (each, f"http://p{each}.test/v1"): wait
            for each, breaker in self.breakers.items()
            if breaker.open_until is not None and (wait := breaker.wait(self.now))
        }
        moment = Moment(
            MONDAY + timedelta(seconds=self.now), waits=waits, live=self.missing.among(self.live, self.now)
        )
        try:
            return plan(self.destination, asking, moment).candidates
        except Refusal:
            return ()

    def _is_awake(self, candidate: Candidate) -> bool:
        if not self.rules.rests:
            return True
        offer = candidate.offer
        try:
            self.rests.pick(offer.provider, offer.upstream_id, tried=(), version=1, now=self.now)
        except RateLimited:
            return False
        return True

    def _wait(self, offer: int, entry: Entry, made: Attempt) -> Generator[float, None, bool]:
        """Let an attempt end; silence is told before, as routing/gateway/silence.py does: return whether."""
        silent = patience(self.live.get(offer, Live())) if self.rules.breaker else None
        if silent is None or made.seconds < FIRST_BYTE:
            yield made.seconds
            return False
        yield silent
        self._tell_breaker(offer, entry, made.error)
        yield made.seconds - silent
        return True

    def _learn(self, candidate: Candidate, entry: Entry, made: Attempt, *, told: bool) -> None:
        offer = candidate.offer
        if not told:
            self._tell_breaker(offer.id, entry, made.error)
        if made.error is not None and self.rules.rests:
            used = offer.provider.credentials[0]
            self.rests.failed(used, offer.upstream_id, made.error, now=self.now)
        if not self.rules.evidence:
            return
        if made.error is None:
            self.missing.answered(offer.id)
        else:
            self.missing.failed(offer.id, made.error, self.now)
        at = BASE + self.now
        self.statistics.record(offer.id, made.outcome, at)
        self.watch.saw(offer.id, int(at // 60), made.outcome)

    def _tell_breaker(self, offer: int, entry: Entry, error: ProviderError | None) -> None:
        breaker = self.breakers[offer]
        if error is None:
            if breaker.succeeded(entry, self.now):
                self.log.notices.append(Notice(self.now, offer, "closed"))
        elif isinstance(error, ProviderUnavailable) and self.rules.breaker:
            if breaker.failed(entry, self.now, self._chance.random()):
                self.log.notices.append(Notice(self.now, offer, "opened"))
        else:
            breaker.leave(entry)


# --- the providers ------------------------------------------------------------------------------


def attempt(script: Script, arrival: Arrival, offer: int, now: float) -> Attempt:
    """What an offer does with a call: the same for whoever asks at that moment."""
    random = Random((script.seed * 1_000_003 + arrival.number) * 11 + offer)
    state = script.state(offer, now)
    luck, tools_luck = random.random(), random.random()
    if state.is_gone:
        return Attempt(0.15, Outcome("refused"), TargetMisconfigured("no such model", status=404))
    if luck < state.fails:
        return Attempt(0.2, Outcome("error"), ProviderUnavailable("it is down", status=503))
    if luck < state.fails + state.limited:
        error = RateLimited("too many calls", status=429, retry_after=RETRY_AFTER)
        return Attempt(0.1, Outcome("rate_limited"), error)
    if luck < state.fails + state.limited + state.hangs:
        seconds = FIRST_BYTE if arrival.streams else DEADLINE
        return Attempt(seconds, Outcome("timeout"), ProviderTimeout("it says nothing"))
    first_ms = FIRST_MS[offer] * state.slower * random.lognormvariate(0, SPREAD)
    speed = SPEED[offer] / state.slower * random.lognormvariate(0, SPREAD)
    ms = first_ms + arrival.output_tokens / speed * 1000
    outcome = Outcome(
        "ok",
        latency_ms=int(ms),
        ttft_ms=int(first_ms) if arrival.streams else None,
        tokens_per_second=speed if arrival.streams else arrival.output_tokens / ms * 1000,
        tool_calls=int(arrival.tools),
        bad_tool_calls=int(arrival.tools and tools_luck < max(0.005, state.broken_tools)),
    )
    return Attempt(ms / 1000, outcome)
