"""What a played script comes to, and the bars that it has to meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tests.prove.week_hub import BEGINS, FIXED, OURS, Answered, Hub, Log, Notice, Rules
from tests.prove.week_script import DELTA, MINUTE, OFFERS, PRICES, Arrival, Incident, Script, rate

REQUESTS = 10  # within which an outage is noticed
MINUTES = 5.0  # within which a decline is noticed, from when one call in five is bad
FALSE_ALARMS = 1  # a week
EXTRA_COST = 5.0  # percent, against whoever knows what is well and takes the cheapest of it
SLOW = ("decline", "slowing")
_BY_NIGHT = 8.0  # calls a minute: below it five minutes are too few calls to be sure
_AFTER = 60 * MINUTE  # for so long the calls of an incident are looked at after its end


@dataclass(frozen=True)
class Came:
    """What a script came to under some rules, beside the fixed fallback."""

    calls: int
    success: float  # percent
    fixed: float
    lost_more: int  # of one incident at most: calls more than the fixed fallback lost in it
    unanswered_more: int  # the same of calls that nobody answered: what was answered badly is a model's doing
    requests: int | None  # until an outage was noticed, at most; None: one was not
    hung: int | None  # the same of one in which calls hang
    seconds: float | None  # until that was noticed
    minutes: float | None  # until a slow decline was, by day
    by_night: float | None  # the same where there are few calls
    tools: float | None  # until broken tool calls were
    false_alarms: int
    extra_cost: float  # percent

    def missed(self) -> list[str]:
        """The bars that are missed."""
        bars = {
            "success": self.success >= self.fixed,
            "incidents": self.unanswered_more <= 0,
            "outage": self.requests is not None and self.requests <= REQUESTS,
            "decline": self.minutes is not None and self.minutes <= MINUTES,
            "tools": self.tools is not None and self.tools <= MINUTES,
            "false alarms": self.false_alarms <= FALSE_ALARMS,
            "extra cost": self.extra_cost <= EXTRA_COST,
        }
        return [name for name, is_met in bars.items() if not is_met]

    def figures(self) -> dict[str, object]:
        """All of it, in words."""
        return {
            "calls": self.calls,
            "% answered well": round(self.success, 2),
            "% by a fixed fallback": round(self.fixed, 2),
            "requests until an outage was noticed": "too many" if self.requests is None else self.requests,
            "until one in which calls hang was": "too many" if self.hung is None else self.hung,
            "seconds until that was": "too many" if self.seconds is None else self.seconds,
            "minutes until a slow decline was": "too many" if self.minutes is None else self.minutes,
            "by night at four calls a minute": "never" if self.by_night is None else self.by_night,
            "until broken tool calls were": "never" if self.tools is None else self.tools,
            "false alarms": self.false_alarms,
            "% extra cost": round(self.extra_cost, 2),
        }


def play(script: Script, rules: Rules = OURS) -> Came:
    """Play a script under some rules, and once more with a fixed fallback."""
    return came(script, Hub(script, rules).run(), Hub(script, FIXED).run())


def came(script: Script, ours: Log, fixed: Log) -> Came:
    """What two logs of one script say."""

    def requests(kind: str) -> float | None:
        return _most([requests_until_noticed(ours, i) for i in script.incidents if i.kind == kind])

    def minutes(kinds: tuple[str, ...], *, by_night: bool) -> float | None:
        found = (each for each in script.incidents if each.kind in kinds and _is_by_night(each) == by_night)
        return _most([minutes_until_noticed(ours, each) for each in found])

    return Came(
        calls=len(ours.answered),
        success=success(ours.answered),
        fixed=success(fixed.answered),
        lost_more=max((_lost(ours, each) - _lost(fixed, each) for each in script.incidents), default=0),
        unanswered_more=max(
            (_unanswered(ours, each) - _unanswered(fixed, each) for each in script.incidents), default=0
        ),
        requests=requests("outage"),
        hung=requests("hanging"),
        seconds=_most([seconds_until_noticed(ours, i) for i in script.incidents if i.kind == "hanging"]),
        minutes=minutes(SLOW, by_night=False),
        by_night=minutes(SLOW, by_night=True),
        tools=minutes(("tools",), by_night=False),
        false_alarms=len(list(false_alarms(script, ours))),
        extra_cost=extra_cost(script, ours.answered),
    )


def _is_by_night(incident: Incident) -> bool:
    return rate(incident.begins) < _BY_NIGHT


def success(answered: Iterable[Answered]) -> float:
    """The percentage of calls that were answered with something of use."""
    found = [each.is_usable for each in answered]
    return 100 * sum(found) / len(found)


def _lost(log: Log, incident: Incident) -> int:
    return sum(not each.is_usable for each in log.answered if incident.is_on(each.arrival.at))


def _unanswered(log: Log, incident: Incident) -> int:
    return sum(each.offer is None for each in log.answered if incident.is_on(each.arrival.at))


def _noticed(log: Log, incident: Incident) -> Notice | None:
    return next((each for each in log.notices if _is_of(each, incident) and each.what in BEGINS), None)


def _is_of(notice: Notice, incident: Incident) -> bool:
    return notice.offer == incident.offer and incident.is_on(notice.at)


def requests_until_noticed(log: Log, incident: Incident) -> int | None:
    """Calls that were sent to an offer that is down before it was left alone."""
    noticed = _noticed(log, incident)
    if noticed is None:
        return None
    return sum(1 for at, offer in log.hits if offer == incident.offer and incident.begins <= at <= noticed.at)


def minutes_until_noticed(log: Log, incident: Incident) -> float | None:
    """Minutes from when one call in five is bad; below zero where it was noticed before that."""
    noticed = _noticed(log, incident)
    return None if noticed is None else round((noticed.at - incident.ill_from) / MINUTE, 1)


def seconds_until_noticed(log: Log, incident: Incident) -> float | None:
    """Seconds from when an incident begins."""
    noticed = _noticed(log, incident)
    return None if noticed is None else round(noticed.at - incident.begins)


def false_alarms(script: Script, log: Log) -> Iterator[Notice]:
    """Yield what was noticed where nothing was."""
    for each in log.notices:
        why = (i for i in script.incidents if i.offer == each.offer and i.begins <= each.at < i.ends + _AFTER)
        if each.what in BEGINS and next(why, None) is None:
            yield each


def extra_cost(script: Script, answered: Iterable[Answered]) -> float:
    """Percent paid more than by whoever knows what is well and sends each call to the cheapest of it."""
    paid = least = Decimal(0)
    for each in answered:
        if each.offer is None:
            continue
        paid += _cost(each.arrival, each.offer)
        least += _cost(each.arrival, _cheapest_well(script, each.arrival))
    return float(100 * (paid / least - 1)) if least else 0.0


def _cheapest_well(script: Script, arrival: Arrival) -> int:
    able = [each for each in OFFERS if not (arrival.tools and each == DELTA)]
    well = [each for each in able if not script.is_ill(each, arrival.at)]
    return (well or able)[0]  # the cheapest comes first


def _cost(arrival: Arrival, offer: int) -> Decimal:
    input_, output = PRICES[offer]
    return Decimal(input_) * (arrival.body_bytes // 4) + Decimal(output) * arrival.output_tokens


def _most(values: list) -> float | None:
    return None if None in values else max(values, default=0)
