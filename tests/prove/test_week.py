"""A day with six kinds of trouble, played over the rules that choose an offer (tests/prove/week.py)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.prove import week_hour
from tests.prove.week import BLIND, blinded
from tests.prove.week_figures import came, extra_cost, false_alarms, play
from tests.prove.week_hub import FIXED, OURS, Answered, Hub, Log, Notice
from tests.prove.week_script import A_DAY, AURORA, BOREAL, CIRRUS, HOUR, MINUTE, WEEK, Arrival, Script

OUTAGE, DECLINE = A_DAY.incidents[:2]


@cache
def day():
    return play(A_DAY)


def test_a_day_of_trouble_meets_every_bar():
    assert day().missed() == []
    assert day().calls > 10_000
    assert day().lost_more <= 0  # in no incident does it lose more calls than a fixed fallback


@pytest.mark.parametrize(
    ("part", "until", "bar"), [("breaker", OUTAGE.ends, "outage"), ("evidence", DECLINE.ends, "decline")]
)
def test_without_a_part_a_bar_is_missed(part, until, bar):
    assert bar in blinded(A_DAY.before(until), part).missed()
    assert set(BLIND) == {"breaker", "evidence"}


def test_the_same_seed_is_the_same_day_and_another_is_another():
    short = A_DAY.before(2 * 60 * MINUTE)

    def hits(script: Script) -> list:
        return Hub(script, OURS).run().hits

    assert hits(short) == hits(short)
    assert hits(short) != hits(replace(short, seed=8))


def test_the_script_has_all_that_can_befall_a_provider():
    kinds = {"outage", "decline", "slowing", "storm", "tools", "flapping", "retired", "hanging"}

    assert {each.kind for each in WEEK.incidents} == kinds
    assert {each.kind for each in A_DAY.incidents} == kinds


def test_the_hour_of_sockets_is_played_by_rules_alone_too():
    told = week_hour.by_rules(HOUR, week_hour.usual(HOUR))

    assert told.success > 95
    assert all(told.shares[each] > 1 for each in (AURORA, BOREAL, CIRRUS))


# --- the figures, by hand ---------------------------------------------------------------------------


def call(at: float, offer: int | None = AURORA, *, usable: bool = True) -> Answered:
    return Answered(Arrival(1, at, False, False, body_bytes=0, output_tokens=100), offer, 1, usable)


def log(*answered: Answered, hits=(), notices=()) -> Log:
    return Log(list(answered), list(hits), list(notices))


def test_extra_cost_is_against_the_cheapest_that_is_well():
    script = Script(DECLINE.ends + MINUTE, (OUTAGE,))

    assert extra_cost(script, [call(0.0), call(0.0)]) == 0
    assert extra_cost(script, [call(0.0, BOREAL)]) == pytest.approx(10)
    assert extra_cost(script, [call(OUTAGE.begins, BOREAL), call(0.0, None)]) == 0


def test_what_an_incident_explains_is_no_false_alarm():
    noticed = [
        Notice(at, AURORA, "opened") for at in (OUTAGE.begins - 1, OUTAGE.begins, OUTAGE.ends + MINUTE)
    ]
    others = [Notice(OUTAGE.begins, BOREAL, "+errors"), Notice(0.0, AURORA, "closed")]
    found = list(false_alarms(Script(1, (OUTAGE,)), log(notices=[*noticed, *others])))

    assert found == [noticed[0], others[0]]


def test_each_bar_can_be_missed():
    tools = next(each for each in A_DAY.incidents if each.kind == "tools")
    script = Script(1, (OUTAGE, DECLINE, tools))
    hits = [(OUTAGE.begins + second, AURORA) for second in range(11)]
    late = [
        Notice(OUTAGE.begins + 10, AURORA, "opened"),
        Notice(DECLINE.ill_from + 6 * MINUTE, AURORA, "+errors"),
        Notice(tools.ill_from + 6 * MINUTE, AURORA, "+tool_calls"),
        Notice(0.0, BOREAL, "+errors"),
        Notice(0.0, CIRRUS, "+errors"),
    ]
    nobody = call(OUTAGE.begins, None, usable=False)
    ours = log(call(0.0, CIRRUS), call(0.0, usable=False), nobody, hits=hits, notices=late)

    assert came(script, ours, log(call(0.0), call(0.0))).missed() == [
        "success", "incidents", "outage", "decline", "tools", "false alarms", "extra cost",
    ]  # fmt: skip


def test_whoever_remembers_nothing_notices_nothing():
    short = A_DAY.before(OUTAGE.ends)

    assert Hub(short, FIXED).run().notices == []
