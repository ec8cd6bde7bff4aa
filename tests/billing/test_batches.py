"""Whole batches against the simplest possible ledger: one call after the other, in dictionaries."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger_batch
from billing.entries import OverBudget
from billing.ledger_batch import Batch, Release
from billing.models import Reservation, UsageRecord
from tests.billing import calls

pytestmark = pytest.mark.django_db
_IDS = count(1)


class Oracle:
    """Settles first, then reservations one by one, each against all its budgets."""

    def __init__(self, caps: list[int | None]) -> None:
        self.caps = caps
        self.spent = [0] * len(caps)
        self.held = [0] * len(caps)
        self.open: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.costs: dict[int, int] = {}

    def end(self, id_: int, cost: int | None) -> None:
        """Settle, or release when there is no cost; a second time counts for nothing."""
        amount, budgets = self.open.pop(id_, (0, ()))
        for number in budgets:
            self.held[number] -= amount
            self.spent[number] += cost or 0
        if cost is not None:
            self.costs.setdefault(id_, cost)

    def reserve(self, id_: int, amount: int, budgets: tuple[int, ...]) -> bool:
        for number in budgets:
            cap = self.caps[number]
            if cap is not None and (cap == 0 or self.spent[number] + self.held[number] + amount > cap):
                return False
        for number in budgets:
            self.held[number] += amount
        self.open[id_] = (amount, budgets)
        return True


amounts = st.integers(0, 60)
batches = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), amounts)), max_size=8),  # ends
        st.lists(st.tuples(amounts, st.sets(st.integers(0, 3))), max_size=8),  # reservations
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(caps=st.lists(st.one_of(st.none(), st.integers(0, 200)), min_size=4, max_size=4), batches=batches)
def test_a_batch_does_what_the_simplest_ledger_would_do(caps, batches):
    holds = [calls.budget(cap) for cap in caps]
    oracle = Oracle(caps)
    calls_made = []

    for ends, reserves in batches:
        ended = {calls_made[pick % len(calls_made)]: cost for pick, cost in ends} if calls_made else {}
        wanted = [(next(_IDS), amount, tuple(sorted(chosen))) for amount, chosen in reserves]
        for id_, cost in ended.items():
            oracle.end(id_, cost)
        fits = {id_: oracle.reserve(id_, amount, chosen) for id_, amount, chosen in wanted}

        refused = ledger_batch.apply(
            Batch(
                settles=[
                    calls.settle(id_, calls.attempt(cost)) for id_, cost in ended.items() if cost is not None
                ],
                releases=[Release(id_) for id_, cost in ended.items() if cost is None],
                reserves=[
                    calls.reserve(id_, amount, *(holds[number] for number in chosen))
                    for id_, amount, chosen in wanted
                ],
            ),
            alias="default",
            next_id=lambda: next(_IDS),
        ).refused

        assert {id_: id_ not in refused for id_, _, _ in wanted} == fits
        assert all(isinstance(error, OverBudget) for error in refused.values())
        assert [calls.standing(hold) for hold in holds] == list(zip(oracle.spent, oracle.held, strict=True))
        calls_made += [id_ for id_, fitted in fits.items() if fitted]

    assert set(Reservation.objects.filter(pk__in=calls_made).values_list("pk", flat=True)) == set(oracle.open)
    found = UsageRecord.objects.filter(pk__in=calls_made)
    assert dict(found.values_list("pk", "cost_nano")) == oracle.costs
