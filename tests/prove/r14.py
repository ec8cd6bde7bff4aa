"""R-14: two schedulers, four workers, a hundred calls across three thresholds: three messages, once each."""

from __future__ import annotations

import os
import time
from collections import Counter

from django.conf import settings
from django.db import connection

from billing.budget import change_budget, create_budget
from billing.crossing import period_of
from billing.crossing_models import Crossing
from llmhub.alerts.channel import create_channel
from llmhub.alerts.models import Delivery
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.models import Team
from tests.alerts import crowd
from tests.alerts.receiver import receiving
from tests.fixtures.postgres import address
from tests.prove.row import Figures

ROW = "R-14"
CLAIM = "Each threshold of a budget is told once in its period, and once more when the cap is raised"
DATABASES = ("sqlite", "postgres")
THRESHOLDS = (50, 80, 100)
CALLS = 100  # of 1 USD, on a budget of 100 USD
_PATIENCE = 60.0  # seconds for the messages of one round
_QUIET = 1.0  # seconds in which a second message would come


def prove(stand) -> Figures:
    return _rounds(stand, stand.size(quick=3, full=20))


def control(stand) -> Figures:
    """With workers that send what they have read, without a claim."""
    return _rounds(stand, stand.size(quick=2, full=3), DEFECT="careless")


def _rounds(stand, rounds: int, **defect: str) -> Figures:
    with receiving() as receiver:
        receiver.delay = 0.03  # as long as a receiver on the internet takes
        stand.hub_database(EGRESS_ALLOW=[f"127.0.0.1:{receiver.port}"])
        create_channel(actor=COMMAND_LINE, name="ops", kind="webhook", address=receiver.url)
        environment = {
            **os.environ,
            "DATABASE_URL": address(connection.settings_dict),
            "LLMHUB_EGRESS_ALLOW": f"127.0.0.1:{receiver.port}",
            "LLMHUB_SECRET_KEYS": ",".join(settings.LLMHUB_SECRET_KEYS),
            "LLMHUB_LOG": "ERROR",
            **defect,
        }
        roles = ("schedule", "schedule", "work", "work", "work", "work")
        budgets = []
        with crowd.processes(*roles, stop=stand.folder() / "stop", environment=environment):
            for number in range(rounds):
                budgets.append(_round(number, receiver, environment))
        return _figures(receiver, budgets)


def _round(number: int, receiver, environment: dict[str, str]) -> int:
    """Spend a new budget, then raise its cap; return its id."""
    Team.objects.create(slug=f"team-{number}", name=f"Team {number}")
    budget = create_budget(
        actor=COMMAND_LINE, scope="team", name=f"team-{number}", per="month", cap=str(CALLS)
    )
    before = len(receiver.got)
    crowd.spend(budget.pk, period_of(budget, clock.now()), CALLS, environment)
    _wait(receiver, before + len(THRESHOLDS))
    change_budget(actor=COMMAND_LINE, budget=budget, cap=str(10 * CALLS))
    _wait(receiver, before + 2 * len(THRESHOLDS))
    return budget.pk


def _wait(receiver, messages: int) -> None:
    """Wait until so many have come, then for any that come beside them."""
    deadline = time.monotonic() + _PATIENCE
    while len(receiver.got) < messages and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(_QUIET)


def _figures(receiver, budgets: list[int]) -> Figures:
    told = Counter(
        (each["type"], each["data"]["facts"]["budget"], each["data"]["threshold"])
        for each in receiver.documents()
    )
    wanted = {
        (event, budget, percent)
        for event in ("alert.firing", "alert.resolved")
        for budget in budgets
        for percent in THRESHOLDS
    }
    missed, twice = len(wanted - told.keys()), sum(count - 1 for count in told.values())
    unasked = len(told.keys() - wanted)
    unsent = Delivery.objects.exclude(state="sent").count()
    return Figures(
        missed == twice == unasked == unsent == 0 and not Crossing.objects.exists(),
        {
            "budgets": len(budgets),
            "calls": len(budgets) * CALLS,
            "messages": len(receiver.got),
            "missed": missed,
            "sent twice": twice,
            "of something else": unasked,
        },
    )
