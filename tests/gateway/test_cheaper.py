"""Models that would take a call for less are found without planning every model."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from routing import cheaper as module
from routing.bound import Size
from routing.cheaper import MOST_PLANNED, cheaper
from routing.plan import Asking, Candidate, Moment, plan
from routing.resolve import only
from tests.gateway.values import NOW, entry, offer, price

ASKING = Asking(size=Size(4000, 1))
MOMENT = Moment(NOW)


def models(number: int, seed: int = 1):
    """Models with one to three offers, whose first is not always the cheapest; some cannot be called."""
    dice = random.Random(seed)
    for id_ in range(1, number + 1):
        offers = []
        for place in range(dice.randint(1, 3)):
            priced = [price(str(dice.randint(1, 900)), "1")] if dice.random() < 0.9 else []
            paused = "moving" if dice.random() < 0.2 else ""
            made = offer(f"p{place}", prices=priced, paused_reason=paused)
            offers.append(replace(made, id=id_ * 10 + place, entry_id=id_))
        yield replace(entry(f"acme/m{id_}", *offers), id=id_)


def dear() -> Candidate:
    one = replace(entry("acme/dear", offer(prices=[price("300", "1")])), id=9999)
    return plan(only(one), ASKING, MOMENT).candidates[0]


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_what_planning_all_of_them_finds(seed):
    entries = list(models(60, seed))
    every = [cheaper([each], ASKING, MOMENT, than=dear(), most=1) for each in entries]
    best = sorted((nano, candidate.entry.slug) for found in every for nano, candidate in found)[:5]

    found = cheaper(entries, ASKING, MOMENT, than=dear(), most=5)

    assert [(nano, candidate.entry.slug) for nano, candidate in found] == best
    assert len(best) == 5


def test_few_models_are_planned_however_many_there_are(monkeypatch):
    planned = []
    monkeypatch.setattr(module, "plan", lambda *asked: planned.append(asked) or plan(*asked))

    assert len(cheaper(models(3000), ASKING, MOMENT, than=dear(), most=5)) == 5
    assert 5 <= len(planned) <= MOST_PLANNED
