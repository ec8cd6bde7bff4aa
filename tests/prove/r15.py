"""R-15: a day of health checks, and of looks for billed probes, at providers that count what they get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import time_machine

from catalog.new_model import add_model
from llmhub.audit.actor import SYSTEM
from providers import health
from providers.adapters.chat import ChatAdapter
from providers.models import HealthCheck, Provider, StatusChange
from providers.rates import Rates
from providers.wire import Call
from routing import probe
from tests.prove.row import Figures

ROW = "R-15"
CLAIM = "A day of health checks asks for nothing that costs"
DATABASES = ("sqlite", "postgres")
_PAID = ("/chat/completions", "/messages", "/embeddings", "/responses")


def prove(stand) -> Figures:
    return _day(stand, stand.size(quick=24, full=288))


def control(stand) -> Figures:
    """With a check that calls a model."""

    def generate(self, target):
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        return Call("POST", f"{target.base_url}/chat/completions", {"content-type": "application/json"}, body)

    with patch.object(ChatAdapter, "models_call", generate):
        return _day(stand, 3)


def _two_models(well: Provider) -> None:
    """Models with prices that nobody calls: what a billed probe would ask."""
    for name in ("one", "two"):
        add_model(
            actor=SYSTEM, provider=well, upstream_id=name, slug=f"acme/{name}", capabilities=["stream"],
            rates=Rates(input=Decimal(1), output=Decimal(2)), context_tokens=8000,
        )  # fmt: skip


def _day(stand, rounds: int) -> Figures:
    stand.hub_database()
    stand.simulator.clear()
    facts = {"kind": "custom", "needs_credential": False}
    for slug, path, dialect in (
        ("well", "tokens/3", "chat"),
        ("broken", "status/503", "chat"),
        ("messages", "tokens/3", "messages"),
    ):
        url = stand.simulator.path(path, tag="health")
        Provider.objects.create(slug=slug, name=slug, base_url=url, dialect=dialect, **facts)
    begins, step = datetime(2026, 11, 1, tzinfo=UTC), timedelta(hours=24) / rounds
    with time_machine.travel(begins, tick=False):
        _two_models(Provider.objects.get(slug="well"))
    for number in range(rounds):
        with time_machine.travel(begins + step * number, tick=False):
            health.check_due()
            probe.probe_due()
    hits = stand.simulator.hits("health")
    paid = [hit for hit in hits if hit["path"].partition("?")[0].endswith(_PAID)]
    made = HealthCheck.objects.count()
    return Figures(
        not paid and made == 3 * rounds and StatusChange.objects.count() == 3,
        {
            "checks in 24 simulated hours": made,
            "free calls": len(hits) - len(paid),
            "paid calls": len(paid),
            "changes of status told": StatusChange.objects.count(),
        },
    )
