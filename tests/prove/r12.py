"""R-12: what is no amount is no cap, whoever writes it; nothing reads a counter to write it."""

from __future__ import annotations

from unittest.mock import patch

from django.db import IntegrityError, transaction

from billing import amount
from billing.models import Budget, Counter
from tests.fixtures.people import Api
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-12"
CLAIM = "A cap is an amount, 0 allows nothing, no limit is said; the database itself refuses the rest"
DATABASES = ("sqlite", "postgres")
NO_AMOUNTS = (
    "NaN", "sNaN", "-NaN", "-1", "-0.01", "1e309", "1E+400", "Infinity", "-Infinity", str(2**63),
    str(-(2**63)), "0.0000000001", "1000000000.01", "", " ", "ten", "0x10", "1_000", "\u0661\u0662", "1,5",
    "--1", 5, 1.5, True, [], {},
)  # fmt: skip
UNITS = ("usd", "tokens", "requests")


def prove(stand) -> Figures:
    refused, asked = _write(stand)
    stopped = _past_the_api()
    served, hits = _nothing_is_nothing(stand)
    return Figures(
        refused == asked and stopped == 2 and served == hits == 0,
        {
            "caps that are no amount": asked,
            "of them answered 422": refused,
            "written past the API and refused by the database": stopped,
            "calls served under a cap of 0": served,
            "hits at the provider": hits,
        },
    )


def control(stand) -> Figures:
    """With a cap read as a float."""

    def as_float(text: str, unit: str) -> int:
        return min(int(float(text) * 10**9), 2**63 - 1)

    with patch.object(amount, "parse_cap", as_float):
        refused, asked = _write(stand)
    return Figures(refused == asked, {"caps that are no amount": asked, "of them answered 422": refused})


def _write(stand) -> tuple[int, int]:
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.service_key import create_service_key

    stand.hub_database()
    api = Api(create_service_key(actor=SYSTEM, name="prove", role="admin")[1])
    api.client.raise_request_exception = False
    answers = []
    for unit in UNITS:
        for cap in NO_AMOUNTS:
            answer = api.post("/budgets", scope="organisation", per="month", cap=cap, unit=unit)
            answers.append(answer.status_code)
            Budget.objects.all().delete()  # a second one would be refused for being that
    return answers.count(422), len(answers)


def _past_the_api() -> int:
    """How many rows the database itself does not take."""
    stopped = 0
    rows = (
        lambda: Budget.objects.create(scope="organisation", per="total", cap=-1),
        lambda: Counter.objects.create(budget_id=1, period_start=0, held=-1),
    )
    for row in rows:
        try:
            with transaction.atomic():
                row()
        except IntegrityError:
            stopped += 1
    return stopped


def _nothing_is_nothing(stand) -> tuple[int, int]:
    gateway = stand.gateway()
    model = gateway.make(at=[stand.simulator.path(tag="nothing")], prices=("0", "0"))
    calls.set_budget(model, cap="0")
    outcomes = calls.at_once([gateway.url], model, 20)
    assert {outcome.code for outcome in outcomes} <= {"", "budget_exceeded"}
    return sum(outcome.status == 200 for outcome in outcomes), len(stand.simulator.hits("nothing"))
