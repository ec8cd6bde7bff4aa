"""A day of plausible calls: the same day is always the same, so that a fill can be taken up again.

Working days are busy and weekends are not, callers leave, and when a provider fails the next
one answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from msgspec.structs import replace

from billing.asked import needs_number, parameters_number
from billing.entries import AttemptEntry, Refused, Settle
from llmhub.demo import cast
from llmhub.demo.upstream import OfferFacts, attempt
from llmhub.lib import ids

WORKER = ids.WORKERS - 1  # of the ids that the demo makes: a gateway takes the lowest free number
REFUSED = 2048  # counters in the ids of refusals begin here: no call has the same id
LAST_SECOND = 24 * 3600 - 120  # of a day in which a call may begin: its attempts stay in the day
WAVE, WAVE_DAYS = 0.12, 9  # some weeks are busier than others
REPEATED = 0.5  # share of prompts without a cache that began like one before
ENDS_THE_CALL = {"", "upstream_rejected", "upstream_truncated"}  # no other offer is tried after these
CALLER_STATUS = {  # what the caller gets; the rest is a 502
    "": 200,
    "upstream_truncated": 200,  # its headers were out already
    "upstream_rejected": 400,
    "upstream_rate_limited": 429,
    "upstream_timeout": 504,
}


@dataclass(frozen=True)
class Caller:
    """A service as the ledger names it."""

    service: cast.Service
    team_id: int
    key_id: int
    person_id: int | None = None


@dataclass(frozen=True)
class Facts:
    """What rows were made for the cast."""

    callers: tuple[Caller, ...]
    offers: dict[str, tuple[OfferFacts, ...]]  # by the name that is asked for, in the order of trying


@dataclass(frozen=True)
class Call:
    """What goes to the ledger, and the ids of its attempts."""

    settle: Settle
    attempt_ids: tuple[int, ...]


def refusals_of(day: date, facts: Facts) -> list[tuple[Refused, int]]:
    """Return what is refused on one day and how often each in its minute, in the order of their ids."""
    callers = {caller.service.key: caller for caller in facts.callers}
    ids_ = _PastIds(first=REFUSED)
    found = {}
    for row in cast.REFUSALS:
        chance = _chance(day, row.key, row.code)
        for _ in range(round(row.per_day * chance.uniform(0.5, 1.5))):
            hour = chance.choices(range(24), weights=callers[row.key].service.hours)[0]
            second = min((hour + chance.random()) * 3600, LAST_SECOND)
            moment = datetime.combine(day, time(), tzinfo=UTC) + timedelta(milliseconds=int(second * 1000))
            entry = _refused(ids_.at(moment), row, callers[row.key])
            found[row, entry.id // ids.PER_MINUTE] = entry, chance.randint(1, row.most)
    return sorted(found.values(), key=lambda pair: pair[0].id)


def _refused(row_id: int, row: cast.DemoRefusal, caller: Caller) -> Refused:
    return Refused(
        id=row_id,
        team_id=caller.team_id,
        key_id=caller.key_id,
        person_id=caller.person_id,
        error_code=row.code,
        http_status=row.status,
        reason=row.reason,
        requested=row.asks,
        tags=dict(caller.service.tags) if row.asks else {},
    )


def calls_of(day: date, facts: Facts) -> list[Call]:
    """Return the calls of one day in the order of their ids."""
    begun = sorted(
        (moment, caller.key_id, number, caller)
        for caller in facts.callers
        for number, moment in enumerate(_moments(day, caller.service))
    )
    usage_ids, attempt_ids = _PastIds(), _PastIds()
    calls = []
    for moment, _, number, caller in begun:
        chance = _chance(day, caller.service.key, number)
        settle = _settle(usage_ids.at(moment), moment, caller, facts, chance)
        starts = (_moment(entry.started_at_ms) for entry in settle.attempts)
        calls.append(Call(settle, tuple(attempt_ids.at(start) for start in starts)))
    return sorted(calls, key=lambda call: call.settle.id)


class _PastIds:
    """Makes ids of moments that are over, the same ones each time."""

    def __init__(self, *, first: int = 0) -> None:
        self._made: Counter[int] = Counter()  # by millisecond
        self._first = first

    def at(self, moment: datetime) -> int:
        """Return an id of that millisecond that was not given out yet."""
        first = ids.first_at(moment)
        self._made[first] += 1
        return first | (WORKER << 12) | (self._first + self._made[first] - 1)


def _chance(*seed: object) -> Random:
    """Return randomness that its seed decides."""
    return Random(":".join(map(str, seed)))  # noqa: S311 - plausible, not secret


def _moment(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, tz=UTC)


def _moments(day: date, service: cast.Service) -> Iterator[datetime]:
    """Yield when a service calls on one day."""
    chance = _chance(day, service.key)
    busy = service.weekend if day.weekday() >= 5 else chance.uniform(0.9, 1.1)
    week = 1 + WAVE * math.sin(day.toordinal() / WAVE_DAYS)
    hours = chance.choices(range(24), weights=service.hours, k=round(service.per_weekday * busy * week))
    start = datetime.combine(day, time(), tzinfo=UTC)
    for hour in hours:
        second = min((hour + chance.random()) * 3600, LAST_SECOND)
        yield start + timedelta(milliseconds=int(second * 1000))


def _settle(usage_id: int, moment: datetime, caller: Caller, facts: Facts, chance: Random) -> Settle:
    """Return how one call went."""
    service = caller.service
    asked = chance.choices(service.asks, weights=[4**-place for place in range(len(service.asks))])[0]
    streamed = chance.random() < service.streamed
    attempts = tuple(_attempts(facts.offers[asked], service, moment, chance, streamed=streamed))
    last = attempts[-1]
    waited_ms = last.started_at_ms - attempts[0].started_at_ms + chance.randrange(2, 9)
    return Settle(
        id=usage_id,
        requested=asked,
        status=last.status,
        attempts=attempts,
        team_id=caller.team_id,
        key_id=caller.key_id,
        person_id=caller.person_id,
        streamed=streamed,
        dialect="messages" if service.calls == "messages" else "chat",
        http_status=0 if last.status == "cancelled" else CALLER_STATUS.get(last.error_code, 502),
        error_code=last.error_code,
        finish_reason=_finish(chance) if last.status == "ok" else "",
        fallback_reason=attempts[0].error_code if len(attempts) > 1 and last.status == "ok" else "",
        unpriced_reason="the offer has no price" if last.cost_source == "unpriced" else "",
        latency_ms=waited_ms + last.latency_ms,
        ttft_ms=None if last.ttft_ms is None else waited_ms + last.ttft_ms,
        tags=dict(service.tags),
        session=f"{service.session}-{chance.randrange(1000, 9999)}" if service.session else "",
        needs=needs_number((*service.needs, *(("stream",) if streamed else ()))),
        parameters=parameters_number(_parameters(service)),
        repeated_nano=_repeated(last, facts.offers[asked], chance) if service.cached else None,
    )


def _repeated(last: AttemptEntry, offers: Sequence[OfferFacts], chance: Random) -> int | None:
    """Return what a cache would have saved of a prompt that began like the one before it."""
    could = any(offer.caches for offer in offers if offer.offer_id == last.offer_id)
    if last.status != "ok" or not could or last.cache_read_tokens or last.cache_write_tokens:
        return None
    return (last.cost_nano or 0) // 4 if chance.random() < REPEATED else None


def _parameters(service: cast.Service) -> Iterator[str]:
    """Yield what a service gives with its calls."""
    if service.calls != "embeddings":
        yield "max_tokens"
    if "tools" in service.needs:
        yield "tools"
    if "json_mode" in service.needs:
        yield "response_format"


def _finish(chance: Random) -> str:
    return chance.choices(("stop", "tool_calls", "length"), weights=(90, 7, 3))[0]


def _attempts(
    offers: Sequence[OfferFacts], service: cast.Service, moment: datetime, chance: Random, *, streamed: bool
) -> Iterator[AttemptEntry]:
    """Yield one attempt after the other until one answers or no offer is left."""
    started_ms = round(moment.timestamp() * 1000) + chance.randrange(1, 4)
    for number, offer in enumerate(offers, start=1):
        entry = attempt(offer, service, _moment(started_ms), chance, streamed=streamed)
        yield replace(entry, number=number, started_at_ms=started_ms)
        if entry.error_code in ENDS_THE_CALL:
            return
        started_ms += entry.latency_ms + 1
