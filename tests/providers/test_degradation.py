"""Whether an offer does worse than usual: soon enough, and hardly ever by mistake."""

from __future__ import annotations

import random
from functools import cache

import pytest

from providers.degradation import (
    CALM,
    FLOOR,
    STEP,
    Count,
    Offer,
    calm_since,
    count,
    is_suspected,
    look,
    risen,
    usual_of,
)
from providers.enough import APART, enough, exponent, steps
from providers.tally import Outcome, Tally

START = 20  # minute in which a decline begins
WEEK = 7 * 24 * 60  # minutes


def minute_of(dice, *, errors=0.01, latency=800.0, speed=50.0, calls=60, bad_tools=0.0):
    """A minute of traffic at one call a second."""
    tally = Tally()
    for _ in range(calls):
        if dice.random() < errors:
            tally.add(Outcome("error"))
            continue
        tally.add(
            Outcome(
                "ok",
                latency_ms=int(latency * dice.lognormvariate(0, 0.5)),
                tokens_per_second=speed * dice.lognormvariate(0, 0.3),
                tool_calls=1,
                bad_tool_calls=int(dice.random() < bad_tools),
            )
        )
    return tally


@cache
def usual():
    dice, days = random.Random(1), Tally()
    for _ in range(100):
        days.merge(minute_of(dice))
    return usual_of(days)


def noticed(dice, after: dict, *, peers=(), calls=60):
    """The minute after the begin of a decline in which it is noticed, and what was."""
    minutes = {}
    for minute in range(1, START + 30):
        since = max(0, minute - START)
        tally = minute_of(dice, calls=calls, **{name: grows(since) for name, grows in after.items()})
        minutes[minute] = count(tally, usual())
        if changes := look(Offer(usual(), minutes), peers, {}, minute=minute):
            return minute - START, changes[0]
    return None, None


DECLINES = {
    "errors": {"errors": lambda since: 0.01 + 0.03 * since},
    "latency": {"latency": lambda since: 800 * 1.15**since},
    "throughput": {"speed": lambda since: 50 * 0.85**since},
    "tool_calls": {"bad_tools": lambda since: 0.03 * since},
}


@pytest.mark.parametrize("measure", DECLINES)
def test_a_slow_decline_is_noticed_within_five_minutes(measure):
    """3 points a minute, or 15 % a minute, at one call a second."""
    for seed in range(6):
        minutes, change = noticed(random.Random(seed), DECLINES[measure])

        assert 1 <= minutes <= 5
        assert (change.measure, change.begins) == (measure, True)
        assert change.count.share > change.usual


def test_by_night_a_decline_is_noticed_by_less_evidence():
    """4 calls a minute, 2.5 points more of them fail each minute: from minute 8 on one call in five."""
    took = sorted(
        noticed(random.Random(seed), {"errors": lambda since: 0.008 + 0.025 * since}, calls=4)[0]
        for seed in range(40)
    )

    assert took[20] <= 8 + 4
    assert took[30] <= 8 + 6  # three of four


def test_what_seems_to_decline_is_suspected_until_that_is_clear():
    def suspected(*counts, **since) -> bool:
        minutes = {100 - len(counts) + n: {"errors": each} for n, each in enumerate(counts, 1)}
        return is_suspected(Offer(usual(), minutes), since, minute=100)

    one, two = Count(4, 1), Count(4, 2)
    assert not suspected(Count(4, 0), one)  # one failure is nothing
    assert suspected(one, one)
    assert suspected(two)
    assert not suspected(two, *[Count(4, 0)] * 9)  # good answers take it off
    assert not suspected(two, errors=90)  # it is known
    assert not suspected(two, errors=-100)  # before it was over
    assert not is_suspected(Offer(), {}, minute=100)


def test_one_burst_of_failures_is_no_decline_by_less_evidence_and_few_calls_are_none():
    burst, spread = [Count(4, 0)] * 20 + [Count(8, 6)], [Count(4, 0)] * 20 + [Count(4, 2)] * 3

    assert risen(burst, 0.02, 0.10, highest=0.01) is None
    assert risen(spread, 0.02, 0.10, highest=0.01) == (Count(12, 6), 3)
    assert risen(spread, 0.02, 0.10) is None
    assert risen([Count(3, 2)] * 3, 0.02, 0.10, highest=0.01) is None
    assert risen(spread, 0.995, 0.10, highest=0.995) is None


@pytest.mark.parametrize(("usual_share", "step", "highest"), [(0.02, 0.1, 0.01), (0.05, 0.1, 0.05)])
def test_false_alarms_are_as_rare_as_is_said(usual_share, step, highest):
    """With one in 2,000 calls allowed: in 400,000 calls 200 at most, and not hardly any."""
    up, down = steps(usual_share, usual_share + step)
    height = enough(up, down, highest=highest, calls_per_minute=2000 / APART)
    dice, evidence, alarms = random.Random(1), 0.0, 0
    for _ in range(400_000):
        evidence = max(0.0, evidence + (up if dice.random() < highest else -down))
        if evidence >= height:
            alarms, evidence = alarms + 1, 0.0

    assert 10 <= alarms <= 200


def test_less_is_enough_where_there_are_fewer_calls_and_where_it_never_fails():
    up, down = steps(0.02, 0.12)

    def height(highest, calls_per_minute):
        return enough(up, down, highest=highest, calls_per_minute=calls_per_minute)

    assert height(0.01, 4) < height(0.01, 20) < height(0.02, 20)
    assert exponent(up, down, 0.02) == pytest.approx(1)
    assert height(0.0, 0.0) == up
    with pytest.raises(ValueError, match="no usual one"):
        exponent(up, down, 0.2)


@pytest.mark.parametrize("measure", ["errors", "latency"])
def test_a_week_as_usual_is_no_alarm(measure):
    """One call a second and as many bad ones as count as usual: at most one false alarm, here none."""
    dice, usual_share, alarms = random.Random(7), FLOOR[measure], 0
    counts = [Count(60, sum(dice.random() < usual_share for _ in range(60))) for _ in range(WEEK)]
    for minute in range(60, WEEK, 30):  # every minute is looked at, in windows that overlap
        alarms += risen(counts[minute - 60 : minute], usual_share, STEP[measure]) is not None

    assert alarms <= 1


def test_a_slower_evening_is_no_decline():
    dice = random.Random(3)
    minutes = {minute: count(minute_of(dice, latency=960), usual()) for minute in range(1, 61)}

    assert look(Offer(usual(), minutes), [], {}, minute=60) == []


def test_a_day_by_a_third_slower_than_the_night_before_is_no_decline():
    """All that is usual of a fallback may be known from a single night."""
    dice = random.Random(3)
    minutes = {}
    for minute in range(1, 61):
        minutes[minute] = count(minute_of(dice, latency=1064, speed=50 / 1.33), usual())
        assert look(Offer(usual(), minutes), [], {}, minute=minute) == []


@pytest.mark.parametrize(
    ("counts", "is_noticed"),
    [
        ([Count(4, 4)], False),  # too few, whatever they say
        ([Count(20, 20)], True),
        ([Count(1, 1)] * 25, True),  # at a call a minute
        ([Count(60, 0)] * 30, False),
    ],
)
def test_it_takes_some_calls_to_say_so(counts, is_noticed):
    assert (risen(counts, 0.02, 0.10) is not None) is is_noticed


def test_what_speaks_against_it_is_not_saved_up():
    """An hour without a fault does not hide an outage: the sum begins anew at zero."""
    assert risen([Count(60, 0)] * 55 + [Count(60, 30)], 0.02, 0.10) == (Count(60, 30), 1)


def test_when_peers_change_alike_it_is_what_is_asked():
    dice = random.Random(5)
    slow = {m: count(minute_of(dice, latency=2400 if m > START else 800), usual()) for m in range(1, 31)}
    failing = {m: count(minute_of(dice, errors=0.5 if m > START else 0.01), usual()) for m in range(1, 31)}
    well = {m: count(minute_of(dice), usual()) for m in range(1, 31)}

    def found(own, peer):
        changes = look(Offer(usual(), own), [Offer(usual(), peer)], {}, minute=30)
        return [change.measure for change in changes]

    assert found(slow, slow) == []
    assert found(slow, well) == ["latency"]
    assert found(failing, failing) == ["errors"]


def test_it_is_over_when_it_is_calm_for_a_while_and_does_not_flap():
    own = {"usual": usual()}
    bad, good, between = Count(60, 12), Count(60, 0), Count(60, 6)

    def ends(counts):
        minutes = {100 + n: {"errors": each} for n, each in enumerate(counts)}
        last = 99 + len(counts)
        return calm_since(Offer(**own, minutes=minutes), "errors", since=99, minute=last)

    assert ends([bad] * 20) is None
    assert ends([between] * 20) is None  # too few bad ones to begin, too many to end
    assert ends([good] * (CALM - 1)) is None
    assert ends([bad] * 5 + [good] * CALM) == (Count(600, 0), CALM)
    assert ends([Count(1, 0)] * 29) is None
    assert ends([Count(1, 0)] * 30) == (Count(30, 0), 30)
    assert ends([]) is None
    assert ends([Count()] * 60) == (Count(), 60)


def test_after_its_end_it_begins_anew_with_what_came_since():
    failing = {minute: {"errors": Count(60, 30)} for minute in range(1, 20)}
    offer = Offer(usual(), failing)

    assert look(offer, [], {"errors": -19}, minute=19) == []
    assert [change.begins for change in look(offer, [], {"errors": -10}, minute=19)] == [True]


def test_a_new_offer_is_measured_by_its_peers_but_not_by_their_speed():
    few, days = minute_of(random.Random(1), calls=20), Tally()
    for seed in range(10):
        days.merge(minute_of(random.Random(seed)))
    found = usual_of(few, days)

    assert found.of_peers
    assert "errors" in found.shares
    assert "latency" not in found.shares
    assert usual_of(few, few) is None
    assert usual_of(few) is None
