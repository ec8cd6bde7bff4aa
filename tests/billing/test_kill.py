"""kill -9 at random moments: what was acknowledged is in the ledger, what was not costs an estimate."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from billing.models import Reservation, UsageRecord
from billing.sweep import sweep
from llmhub.lib import clock
from tests.billing import calls, processes

pytestmark = pytest.mark.django_db(transaction=True)


def moments(rounds: int) -> tuple[float, ...]:
    return tuple(random.Random(rounds).uniform(0.0, 0.3) for _ in range(rounds))


def killed(rounds: int, *, early: bool) -> tuple[set[int], calls.Hold]:
    """Ids that were acknowledged by processes that were killed, and their budget."""
    hold = calls.budget(None)
    said = processes.run("settle_for_ever", kill_after=moments(rounds), budget_id=hold.budget_id, early=early)
    return {id_ for process in said for id_ in process}, hold


def test_every_acknowledged_call_has_its_record_and_every_other_one_is_swept():
    acknowledged, hold = killed(10, early=False)

    assert len(acknowledged) > 300
    assert acknowledged <= set(UsageRecord.objects.values_list("pk", flat=True))
    in_flight = Reservation.objects.count()
    assert calls.standing(hold)[1] == in_flight * 100

    assert sweep(clock.now() + timedelta(hours=1)) == in_flight
    settled = UsageRecord.objects.filter(status="ok").count()
    assert UsageRecord.objects.filter(status="interrupted", cost_nano=100).count() == in_flight
    assert calls.standing(hold) == (settled * 40 + in_flight * 100, 0)


def test_acknowledging_before_the_commit_would_lose_calls():
    acknowledged, _ = killed(6, early=True)

    assert acknowledged - set(UsageRecord.objects.values_list("pk", flat=True))
