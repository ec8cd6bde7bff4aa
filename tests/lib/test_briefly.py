from __future__ import annotations

import threading

import pytest

from llmhub.lib.briefly import Briefly


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Making:
    """Makes 1, 2, 3, each in so many seconds."""

    def __init__(self, clock, *, takes):
        self.clock, self.takes, self.made = clock, takes, 0

    def __call__(self):
        self.clock.now += self.takes
        self.made += 1
        return self.made


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize(
    ("takes", "later", "expected"),
    [
        (0.05, 0.39, 1),  # eight times as long as it took
        (0.05, 0.41, 2),
        (2.0, 0.99, 1),  # a second at most
        (2.0, 1.01, 2),
        (0.0, 0.0, 2),  # what costs nothing is always new
    ],
)
def test_a_value_is_kept_for_as_long_as_its_making_is_worth(clock, takes, later, expected):
    kept, make = Briefly(clock), Making(clock, takes=takes)
    kept.get("a", make, seconds=1)
    clock.now += later

    assert kept.get("a", make, seconds=1) == expected


def test_each_key_has_a_value_of_its_own(clock):
    kept, make = Briefly(clock), Making(clock, takes=1)

    assert [kept.get(key, make, seconds=1) for key in "aab"] == [1, 1, 2]


def test_nothing_is_kept_for_0_seconds(clock):
    kept, make = Briefly(clock), Making(clock, takes=1)

    assert [kept.get("a", make, seconds=0) for _ in range(2)] == [1, 2]


def test_an_error_is_raised_and_not_kept(clock):
    kept = Briefly(clock)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0, seconds=1)

    assert kept.get("a", lambda: 7, seconds=1) == 7


def test_the_oldest_keys_are_forgotten(clock):
    kept, make = Briefly(clock), Making(clock, takes=0.5)
    kept.get("first", make, seconds=600)
    for number in range(256):
        kept.get(number, make, seconds=600)

    assert kept.get("first", make, seconds=600) == 258


def test_whoever_comes_while_it_is_made_waits_for_it(clock):
    kept, asked, goes_on = Briefly(clock), threading.Event(), threading.Event()
    made, seen = [], []

    def make():
        made.append(1)
        clock.now += 1
        asked.set()
        goes_on.wait(10)
        return "value"

    lookers = [
        threading.Thread(target=lambda: seen.append(kept.get("a", make, seconds=60))) for _ in range(4)
    ]
    for looker in lookers:
        looker.start()
    asked.wait(10)
    goes_on.set()
    for looker in lookers:
        looker.join(10)

    assert (seen, made) == (["value"] * 4, [1])
