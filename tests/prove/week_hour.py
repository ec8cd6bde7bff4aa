"""An hour of trouble, twelve times as fast, through a running gateway: real sockets, statistics, worker.

The rules are as they are, in real seconds; so is the time in which they are played for comparison.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from providers.tally import Tally
from tests.prove.week_hub import BASE, OURS, Hub, attempt
from tests.prove.week_script import (
    AURORA,
    BOREAL,
    CIRRUS,
    FIRST_MS,
    HOUR,
    MINUTE,
    OFFERS,
    PRICES,
    RETRY_AFTER,
    SPEED,
    Arrival,
    Incident,
    Script,
)

AGREE = 10.0  # percent
PLACES = (AURORA, BOREAL, CIRRUS)
_USUAL = 1200  # calls at each offer before it begins, from three hours to one hour ago
_STEP = 3.0  # seconds between two changes of a decline
_LOOK = 15.0  # seconds between two looks of the worker
_FIRST_SECONDS = 25  # of an outage: a breaker that opened is not closed within them
_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


@dataclass(frozen=True)
class Told:
    """What one way of playing the hour came to."""

    success: float  # percent
    attempts: float  # for each call
    cost: float  # price of what answered, against the cheapest
    requests: int  # until the outage was noticed
    shares: dict[int, float]  # percent of calls by the offer that answered


@dataclass(frozen=True)
class Compared:
    """The hour through sockets beside the same hour by rules alone."""

    sockets: Told
    played: Told

    @property
    def apart(self) -> float:
        """The most by which they differ, in percent; shares of calls in points."""
        pairs = ((getattr(self.sockets, name), getattr(self.played, name)) for name in _COMPARED)
        shares = (abs(self.sockets.shares[each] - self.played.shares[each]) for each in PLACES)
        return max(*(100 * abs(one / two - 1) for one, two in pairs), *shares)

    @property
    def agrees(self) -> bool:
        return self.apart <= AGREE and self.sockets.requests <= 10

    def figures(self) -> dict[str, object]:
        both = (self.sockets, self.played)
        shares = " and ".join("/".join(f"{each.shares[place]:.0f}" for place in PLACES) for each in both)
        return {
            "% answered well in an hour through sockets": round(self.sockets.success, 1),
            "% in the same hour by rules alone": round(self.played.success, 1),
            "% of its calls by offer, through sockets and by rules": shares,
            "requests until its outage was noticed": self.sockets.requests,
            "% apart at most": round(self.apart, 1),
        }


_COMPARED = ("success", "attempts", "cost")


def compare(stand, script: Script = HOUR) -> Compared:
    """Play the hour both ways."""
    before = usual(script)
    return Compared(through_sockets(stand, script, before), by_rules(script, before))


# --- by rules alone -----------------------------------------------------------------------------


def usual(script: Script) -> dict[tuple[int, int], Tally]:
    """What offers did before the hour began, by offer and minute before it."""
    found: dict[tuple[int, int], Tally] = {}
    for number, arrival in enumerate(Script(6 * 3600, seed=script.seed).calls()):
        minute = -175 + number * 110 // _USUAL
        for offer in PLACES:
            made = attempt(Script(1), arrival, offer, 0.0)
            found.setdefault((offer, minute), Tally()).add(made.outcome)
        if number == _USUAL:
            break
    return found


def by_rules(script: Script, before: dict[tuple[int, int], Tally]) -> Told:
    """The hour on a clock that jumps."""
    hub, minute = Hub(script, OURS), int(BASE // MINUTE)
    for (offer, back), tally in before.items():
        hub.watch.take_in(offer, minute + back, tally)
    log = hub.run()
    outage = script.incidents[0]
    soon = [at for at, offer in log.hits if offer == AURORA and 0 <= at - outage.begins < _FIRST_SECONDS]
    answered = [(each.offer, each.is_usable) for each in log.answered]
    return _told(answered, len(log.hits), len(soon))


def _told(answered: list[tuple[int | None, bool]], attempts: int, requests: int) -> Told:
    count, by_offer = len(answered), Counter(offer for offer, _ in answered)
    prices = [float(PRICES[offer][1]) for offer, _ in answered if offer is not None]
    return Told(
        success=100 * sum(usable for _, usable in answered) / count,
        attempts=attempts / count,
        cost=sum(prices) / len(prices) / float(PRICES[AURORA][1]),
        requests=requests,
        shares={each: 100 * by_offer[each] / count for each in OFFERS},
    )


# --- through sockets ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """The route at a running gateway."""

    name: str
    key: str
    offers: dict[int, int]  # ids in the database by those of the script
    slugs: dict[str, int]  # offers of the script by their providers


def through_sockets(stand, script: Script, before: dict[tuple[int, int], Tally]) -> Told:
    """The hour in real seconds."""
    gateway = stand.gateway()
    made = _make(stand, gateway)
    with gateway.database():
        _remember(made, before)
    stand.simulator.clear()
    answered: list[tuple[int | None, bool]] = []
    time.sleep(MINUTE - time.time() % MINUTE)  # as by rules: what is counted by minute begins with one
    began = time.time()
    calls = threading.Thread(target=lambda: answered.extend(asyncio.run(_calls(gateway.url, made, script))))
    calls.start()
    _conduct(stand, gateway, script, began)
    calls.join()
    hits = [hit for hit in stand.simulator.hits("week") if hit["method"] == "POST"]
    down = script.incidents[0].begins + began
    soon = [hit for hit in hits if "/now/week1/" in hit["path"] and 0 <= hit["at"] - down < _FIRST_SECONDS]
    return _told(answered, len(hits), len(soon))


def _make(stand, gateway) -> Made:
    from catalog.models import CatalogEntry, Offer, Price
    from llmhub.audit.actor import SYSTEM
    from routing.route import Target, create_route

    at = [
        stand.simulator.path(
            f"now/week{each}",
            f"first/{FIRST_MS[each]}",
            f"speed/{SPEED[each]}",
            f"tokens/{HOUR.tokens}",
            tag="week",
        )
        for each in PLACES
    ]
    model = gateway.make(at=at, secret="sk-week", capabilities=["stream", "tools"])
    ids: dict[int, int] = {}

    def route() -> None:
        entry = CatalogEntry.objects.get(pk=model.entry_id)
        for each, offer in zip(PLACES, Offer.objects.filter(entry=entry).order_by("rank"), strict=True):
            ids[each] = offer.pk
            Price.objects.filter(offer=offer).delete()
            input_, output = PRICES[each]
            Price.objects.create(
                offer=offer, effective_from=datetime(2025, 1, 1, tzinfo=UTC), input=input_, output=output
            )
        create_route(actor=SYSTEM, name="week", targets=[Target(entry)], policy="cost")

    gateway.change(route)
    return Made("week", model.key, ids, dict(zip(model.providers, PLACES, strict=True)))


def _remember(made: Made, before: dict[tuple[int, int], Tally]) -> None:
    """Write down what offers did before."""
    from providers import statistics_rows
    from providers.statistics_rows import Kept

    minute = int(time.time() // MINUTE)
    kept = [
        Kept(made.offers[offer], minute + back, "before", tally) for (offer, back), tally in before.items()
    ]
    statistics_rows.write([statistics_rows.row_of(each) for each in kept], pause=0)


def _conduct(stand, gateway, script: Script, began: float) -> None:
    """Let the providers do what the script says, and the worker look, until it is over."""
    from catalog import offer_scores
    from providers.degradation_watch import Baselines

    baselines, doing, looked = Baselines(), dict.fromkeys(PLACES, ()), began
    while (now := time.time() - began) < script.length:
        for offer in PLACES:
            switches = _switches(script, offer, now)
            if switches != doing[offer]:
                stand.simulator.become(f"week{offer}", *switches)
                doing[offer] = switches
        if time.time() - looked >= _LOOK:
            looked = time.time()
            with gateway.database():
                offer_scores.look(baselines=baselines)
        time.sleep(0.1)
    for offer in PLACES:
        stand.simulator.become(f"week{offer}")


def _switches(script: Script, offer: int, now: float) -> tuple[str, ...]:
    found = [each for each in script.incidents if each.offer == offer and each.is_on(now)]
    return tuple(word for each in found for word in _of(each, now))


def _of(incident: Incident, now: float) -> tuple[str, ...]:
    if incident.kind == "storm":
        return ("status/429", f"retry_after/{RETRY_AFTER:.0f}")
    if incident.kind == "tools":
        return ("formless",)
    if incident.kind == "decline":
        percent = 100 * incident.worst * incident.level(now - now % _STEP + _STEP / 2)
        return (f"flaky/{percent:.0f}",)
    return ("status/503",)


async def _calls(url: str, made: Made, script: Script) -> list[tuple[int | None, bool]]:
    """Make every call at its moment; by which offer it was answered, and whether with something of use."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        calling = []
        for arrival in script.calls():
            await asyncio.sleep(max(0.0, began + arrival.at - loop.time()))
            calling.append(loop.create_task(_call(session, url, made, arrival)))
        return await asyncio.gather(*calling)


async def _call(session, url: str, made: Made, arrival: Arrival) -> tuple[int | None, bool]:
    body = {"model": made.name, "messages": [{"role": "user", "content": f"Call {arrival.number}"}]}
    if arrival.tools:
        body |= {"tools": [_TOOL], "tool_choice": "required"}
    headers = {"authorization": f"Bearer {made.key}"}
    async with session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer:
        content = await answer.json()
        if answer.status != 200:
            return None, False
        return made.slugs[answer.headers["x-llmhub-provider"]], _is_usable(content)


def _is_usable(content: dict) -> bool:
    for call in content["choices"][0]["message"].get("tool_calls") or ():
        try:
            json.loads(call["function"]["arguments"])
        except ValueError:
            return False
    return True
