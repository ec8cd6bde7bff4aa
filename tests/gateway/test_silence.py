"""A provider that takes calls and says nothing is left alone before they time out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from providers.breaker import IN_A_ROW
from providers.live import Live
from providers.silence import LEAST, TIMES, patience
from providers.statistics import Statistics
from providers.tally import Outcome
from routing.gateway import silence
from routing.gateway.breakers import Breakers
from routing.gateway.carriage import Carried
from routing.gateway.flight import Flight, Flights
from tests.gateway.test_account import PRICED, account, attempt

QUICK = Live(slowest_ms=4000.0, tokens_per_second=50.0)


@pytest.mark.parametrize(
    ("live", "output_tokens", "seconds"),
    [
        (Live(), 1000, None),  # nothing is known
        (QUICK, None, LEAST),
        (Live(slowest_ms=20_000.0), None, 20 * TIMES),
        (QUICK, 100, LEAST),
        (QUICK, 4000, 160.0),  # an answer of so many tokens takes 80 seconds
    ],
)
def test_silence_is_measured_by_what_the_offer_usually_takes(live, output_tokens, seconds):
    assert patience(live, output_tokens=output_tokens) == seconds


def test_what_an_offer_takes_at_most_is_known_of_twenty_calls():
    statistics = Statistics("host")
    for number in range(20):
        statistics.record(1, Outcome("ok", latency_ms=9000 if number == 7 else 1000), 60.0)
        known = statistics.live(60.0, models={})[1].slowest_ms
        assert (known is None) == (number < 19)

    assert known == pytest.approx(9000, rel=0.03)


class Waiting:
    """A gateway with calls that wait for one offer."""

    def __init__(self, live: Live = QUICK) -> None:
        self.flights, self.breakers = Flights(), Breakers()
        self.hub = SimpleNamespace(
            breakers=self.breakers, statistics=SimpleNamespace(live=lambda _: {PRICED.id: live})
        )

    def call(self, at: float, **more):
        call = account(**more)
        note = attempt(call)
        note.started, note.entry = at, self.breakers.enter(PRICED, at)
        exchange = SimpleNamespace(account=call)
        self.flights._running.add(Flight(exchange, task=None))
        return note

    def look(self, now: float) -> bool:
        """Look, and return whether the breaker is open."""
        silence.look(self.hub, self.flights, now)
        return bool(self.breakers.waits(now))


def test_so_many_silent_calls_in_a_row_open_the_breaker_and_each_counts_once():
    here = Waiting()
    notes = [here.call(float(number)) for number in range(IN_A_ROW)]
    last = LEAST + IN_A_ROW - 1

    assert not any(here.look(now) for now in (0.0, LEAST, last - 0.1, last - 0.1))
    assert here.look(last)
    assert all(note.is_silent for note in notes)


def test_what_speaks_has_ended_or_may_take_so_long_is_not_silent():
    here = Waiting()
    for number in range(2 * IN_A_ROW):
        note = here.call(0.0, stream=number % 2 == 0)
        if number % 2:
            note.end("ok")
        else:
            note.ttft_ms = 100
    here.flights._running.add(Flight(SimpleNamespace(account=None), task=None))

    assert not here.look(1000.0)
    assert not Waiting(Live()).look(1000.0)


def test_a_whole_answer_may_take_as_long_as_the_limit_that_the_hub_gave_it():
    here = Waiting()
    for _ in range(IN_A_ROW):
        note = here.call(0.0)
        note.carried = Carried({}, defaulted=4096)  # 164 seconds

    assert not here.look(160.0)
    assert here.look(170.0)
