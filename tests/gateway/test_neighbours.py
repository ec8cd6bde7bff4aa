"""What gateway processes tell each other: two real ones, and what each does with what it hears."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from dataclasses import replace
from datetime import timedelta

import openai
import pytest
from asgiref.sync import async_to_sync, sync_to_async

from llmhub.lib import clock
from llmhub.lib.store import Channel, Message
from providers.breaker import IN_A_ROW, OPEN_SECONDS
from providers.breaker_change import Word, read_word
from providers.breaker_models import BreakerEvent
from providers.errors import ProviderUnavailable, RateLimited
from routing.gateway.breakers import Breakers, key_of
from routing.gateway.credentials import Credentials
from routing.gateway.neighbours import Neighbours
from tests.gateway.values import offer

LAB = offer("lab")
OLD = replace(LAB, id=2)
OPENED = Word("opened", *key_of(LAB), seconds=30.0, times_opened=1)


async def nothing(_function):
    return []


def process(name: str, url: str = "unix:///nowhere.sock") -> Neighbours:
    """A gateway's part in the exchange, without the gateway."""
    return Neighbours(
        breakers=Breakers(),
        credentials=Credentials(nothing),
        channel=Channel(url, "test", sender=name),
        run=nothing,
        version=lambda: -1,
        process=name,
    )


def break_at(breakers: Breakers, at=LAB) -> None:
    for _ in range(IN_A_ROW):
        breakers.failed(
            at, breakers.enter(at, time.monotonic()), ProviderUnavailable("down"), time.monotonic()
        )


def waits(of: Neighbours) -> bool:
    return of.breakers.wait(LAB, time.monotonic()) > 0


def heard(*words: Word | str, by="other", age=0.0) -> list[Message]:
    return [Message(by, word if isinstance(word, str) else word.text(), age) for word in words]


def test_what_one_sees_the_others_do_and_the_last_word_counts(valkey_server):
    async def scene():
        one, two = (process(name, valkey_server.url) for name in ("one", "two"))
        break_at(one.breakers)
        one.credentials.failed(
            None, "m", RateLimited("slow", retry_after=9), now=time.monotonic(), provider=LAB.provider
        )
        await one.tell()
        await two.hear()
        assert waits(two)
        assert two.breakers.wait(LAB, time.monotonic()) <= OPEN_SECONDS * 1.1 + 1  # back in time
        with pytest.raises(RateLimited):
            two.credentials.pick(LAB.provider, "m", tried=(), version=1, now=time.monotonic())
        assert two.heard == 2
        assert not two.breakers.news  # what it was told is not told again

        two.breakers.hear_closed(key_of(LAB))
        break_at(two.breakers)  # seen by itself meanwhile
        late = process("three", valkey_server.url)
        await two.tell()
        await late.hear()
        assert waits(late)

        three = process("three", valkey_server.url)
        await three.hear()
        assert waits(three)  # whoever comes later hears it too

    asyncio.run(scene())


def test_what_could_not_be_told_is_told_when_it_can_be(valkey_server):
    async def scene():
        one, two = (process(name, valkey_server.url) for name in ("one", "two"))
        valkey_server.stop()
        break_at(one.breakers)
        await one.tell()
        assert one.channel.is_away
        valkey_server.start()
        one._says_again_at = 0.0
        await one.tell()
        await two.hear()
        assert waits(two)

    asyncio.run(scene())


def test_its_own_words_and_older_ones_undo_nothing():
    here = process("here")
    here._take_over(heard(replace(OPENED, kind="closed"), by="here"))
    break_at(here.breakers)
    here._take_over(heard(replace(OPENED, kind="closed")))
    assert waits(here)  # what it has seen since is newer

    here.breakers.news.clear()  # it was told
    here._take_over(heard(replace(OPENED, kind="closed")))
    assert not waits(here)
    here._take_over(heard(OPENED, by="here"))
    assert waits(here)  # all hear it in this order: the last word counts


def test_what_is_over_or_nonsense_is_nothing():
    here = process("here")

    here._take_over(heard(OPENED, age=31))
    here._take_over(heard("{", "[]", '{"kind":"opened"}', json.dumps({"kind": "opened", "id": "x"})))
    here._take_over(heard(replace(OPENED, seconds=1e9), replace(OPENED, kind="shouted")))

    assert not waits(here)
    assert read_word('{"kind":"opened","id":1,"of":"u","seconds":NaN,"times_opened":0}') is None


def test_a_process_that_was_told_tries_later_than_the_one_that_saw_it():
    here = process("here")

    here._take_over(heard(OPENED))

    assert 30.1 < here.breakers.wait(LAB, time.monotonic()) <= 30.5


@pytest.mark.django_db
def test_one_that_starts_takes_over_how_they_stand_writes_what_it_sees_and_hears_what_a_person_closed():
    configuration = [1]

    async def in_database(function):
        return await sync_to_async(function)()

    async def scene():
        here = process("here")
        here.run, here.version = in_database, lambda: configuration[-1]
        await here.start()
        assert 20 < here.breakers.wait(LAB, time.monotonic()) < 30
        assert here.breakers.enter(OLD, time.monotonic()).is_probe
        await here.tell()
        await in_database(lambda: BreakerEvent.objects.create(
            target_id=LAB.id, at=clock.now(), after="closed", reason="by_hand", **about_lab
        ))  # fmt: skip
        configuration.append(2)
        async with asyncio.timeout(5):
            while waits(here):
                await asyncio.sleep(0.01)
        await here.close()

    about_lab = {"base_url": LAB.provider.base_url, "before": "closed"}
    for id_, ago in ((LAB.id, 0), (OLD.id, 60)):
        at = clock.now() - timedelta(seconds=ago)
        BreakerEvent.objects.create(
            target_id=id_,
            at=at,
            after="open",
            open_until=at + timedelta(seconds=30),
            times_opened=1,
            **about_lab,
        )
    async_to_sync(scene)()

    written = BreakerEvent.objects.get(process="here")
    assert (written.target_id, written.after, written.reason) == (OLD.id, "half_open", "probe")


def test_two_gateways(make_gateway, simulator, valkey_server):
    """One opens: the other calls nobody; one is answered: both call; and all of it is written."""
    first = make_gateway()
    first.start("brief", REDIS_URL=valkey_server.url)
    second = first.twin()
    second.start("brief", REDIS_URL=valkey_server.url)
    try:
        model = first.make(at=[simulator.path(f"fail_first/{IN_A_ROW}", tag="both")])
        other = replace(model, gateway=second)
        second.until(lambda: second.get(f"/v1/models/{model.name}", key=model.key)[0] == 200)
        assert fails(model, IN_A_ROW) == {"upstream_unavailable"}
        second.until(lambda: knows_of_one(second), within=2.5, what="the other was told")
        assert fails(other, 2) == fails(model, 2) == {"providers_failing"}
        assert len(simulator.hits("both")) == IN_A_ROW

        first.until(lambda: not fails(model, 1), within=8)  # brief: it is open for three seconds
        second.until(lambda: not fails(other, 1), within=2)
        first.until(lambda: len(events(first)) >= 3, what="they are written")
        assert [(row.before, row.after, row.reason) for row in events(first)] == [
            ("closed", "open", "in_a_row"),
            ("open", "half_open", "probe"),
            ("half_open", "closed", "probe_answered"),
        ]
        assert events(first)[0].failures == IN_A_ROW
    finally:
        second.kill()


def fails(model, count: int) -> set[str]:
    """The codes of the errors of so many calls."""
    codes = set()
    for _ in range(count):
        try:
            model.ask()
        except openai.APIStatusError as error:
            codes.add(error.code)
    return codes


def knows_of_one(gateway) -> bool:
    with urllib.request.urlopen(f"{gateway.url}/metrics", timeout=5) as answer:
        return b"llmhub_breakers_open 1.0" in answer.read()


def events(gateway) -> list[BreakerEvent]:
    """What was written by the process that wrote first.

    Where the exchange is away for a moment, as on a busy machine, the other one finds out for itself.
    """
    with gateway.database():
        rows = list(BreakerEvent.objects.order_by("id"))
    return [row for row in rows if row.process == rows[0].process]
