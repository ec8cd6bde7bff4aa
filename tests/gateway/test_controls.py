"""The small form's negative controls: with a defect put back, what a row looks at is seen to be wrong.

Two gateways have several defects each, which do not touch each other. R-01, 04, 05, 07 and 17 have theirs
beside their tests.
"""

from __future__ import annotations

import threading
import time

import pytest

from tests.compose import load
from tests.gateway import budgets
from tests.gateway.test_leaving import call
from tests.gateway.test_truncation import events, is_finished
from tests.prove import calls

MIB = 2**20
FEW, MANY = 100, 500  # calls
MOST = 4 * MIB  # that memory may grow by between those


@pytest.fixture(scope="module")
def careless(make_gateway):
    """A gateway that settles no cancelled call, fakes ends, and takes an unknown price for 0."""
    running = make_gateway()
    running.start("swallowing", "faking", "generous")
    yield running
    running.kill()


@pytest.fixture(scope="module")
def wasteful(make_gateway):
    """A gateway that notices no leaving, holds nothing, settles twice, and forgets nothing."""
    running = make_gateway()
    running.start("staying", "unguarded", "twice", "hoarding")
    yield running
    running.kill()


def test_a_reservation_that_is_not_given_back_is_seen(careless, simulator):
    """R-03."""
    model = careless.make(at=[simulator.path("speed/50", "tokens/3000", tag="control-left")])
    connection = call(model, stream=True)
    connection.recv(4096)
    connection.close()
    careless.until(lambda: [hit for hit in simulator.hits("control-left") if hit["ended_by"]], within=5)
    time.sleep(0.3)

    assert careless.reservations() == 1


def test_an_end_that_is_faked_is_seen(careless, simulator):
    """R-09."""
    chunks, error = events(careless.make(at=[simulator.path("tokens/3", "end_events/2")]))

    assert error is None
    assert not is_finished(chunks)


def test_a_call_of_unknown_cost_under_a_cap_is_seen(careless, simulator):
    """R-10."""
    model = careless.make(at=[simulator.path()], prices=None)
    budgets.add(model, "1")

    assert budgets.ask(model)[0] == 200
    assert careless.records(model)[0].cost_nano is None


def test_an_upstream_call_that_goes_on_without_its_caller_is_seen(wasteful, simulator):
    """R-08."""
    connection = call(wasteful.make(at=[simulator.path("latency/3000", tag="control-stays")]), stream=False)
    wasteful.until(lambda: simulator.hits("control-stays"), within=5)
    connection.close()
    time.sleep(1.0)

    assert not simulator.hits("control-stays")[0]["ended_by"]


def test_a_call_that_goes_around_an_exhausted_budget_is_seen(wasteful, simulator):
    """R-11, R-12."""
    model = wasteful.make(at=[simulator.path()])
    budgets.add(model, "0")

    assert budgets.ask(model)[0] == 200


def test_a_call_that_is_recorded_twice_is_seen(wasteful, simulator):
    """R-06."""
    model = wasteful.make(at=[simulator.path("tokens/3")])
    made = 0
    while len(wasteful.records(model)) == made < 300:
        budgets.crowd([wasteful], model, clients=10)
        made += 10

    assert len(wasteful.records(model)) > made


def grown(gateway, simulator) -> int:
    """What the memory of a gateway gains between a few calls and many."""
    model = gateway.make(at=[simulator.path("tokens/3")])
    sizes = []
    for count in (FEW, MANY - FEW):
        jobs = ((gateway.url, model, {"stream": number % 2 == 0}) for number in range(count))
        assert {outcome.status for outcome in calls.by_clients(jobs, clients=16)} == {200}
        sizes.append(gateway.resident())
    return sizes[1] - sizes[0]


def test_memory_does_not_grow_with_the_calls_that_were_served(gateway, simulator):
    """R-20 in small."""
    found = grown(gateway, simulator)

    print(f"{found / MIB:.2f} MiB more after {MANY - FEW} calls")
    assert found < MOST


def test_memory_that_grows_with_each_call_is_seen(wasteful, simulator):
    """R-20."""
    assert grown(wasteful, simulator) > MOST


def test_a_gateway_that_is_killed_in_the_place_of_a_reload_is_seen(wasteful, simulator):
    """R-36; it is the last one of this gateway."""
    model = wasteful.make(at=[simulator.path("tokens/20", "speed/100")])
    until = time.monotonic() + 0.8
    killing = threading.Timer(0.5, wasteful.kill)
    killing.start()

    made = load.calls(
        [wasteful.url], model.key, model.name, clients=3, stream=True,
        goes_on=lambda _: time.monotonic() < until,
    )  # fmt: skip
    killing.join()

    assert [outcome for outcome in made if not outcome.is_whole]
