"""Two models at one provider that is not there, and a team whose key called the first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from billing.asked import needs_number, parameters_number
from catalog.new_model import add_model
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.provider import create_provider
from providers.rates import Rates
from tests.billing import rows


@pytest.fixture
def old_and_new(db):
    """`old` costs 1 and 2, `new` half of it; both can stream, and only the first has tools."""
    lab = create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", base_url="http://127.0.0.1:9/v1",
        needs_credential=False,
    )  # fmt: skip

    def model(slug: str, prices: tuple[str, str], *able: str):
        return add_model(
            actor=COMMAND_LINE, provider=lab, upstream_id=slug, slug=f"acme/{slug}", capabilities=list(able),
            rates=Rates(input=Decimal(prices[0]), output=Decimal(prices[1])), context_tokens=8000,
        )  # fmt: skip

    old, new = model("old", ("1", "2"), "stream", "tools"), model("new", ("0.5", "1"), "stream")
    team = rows.team("support")
    return SimpleNamespace(lab=lab, old=old, new=new, team=team, key=rows.key(team))


@pytest.fixture
def called(old_and_new):
    """A function: a call of a key, the team's by default, and its attempt, some minutes ago."""

    def call(
        *,
        offer=None,
        key=None,
        minutes: int = 10,
        needs=(),
        parameters=(),
        requested="",
        streamed=False,
        attempts=1,
        **values,
    ):
        offer, key = offer or old_and_new.old, key or old_and_new.key
        used = {"input_tokens": 1000, "output_tokens": 100, "cost_nano": 1_200_000, "latency_ms": 400}
        used |= values
        where = {"entry_id": offer.entry_id, "offer_id": offer.pk, "provider_id": offer.provider_id}
        record = rows.usage(
            clock.now() - timedelta(minutes=minutes), key_id=key.pk, team_id=key.team_id,
            requested=requested or offer.entry.slug, needs=needs_number(needs),
            parameters=parameters_number(parameters), streamed=streamed, attempts=attempts, **where, **used,
        )  # fmt: skip
        rows.attempt(record, 1, id=record.pk, **where, **used)
        return record

    return call
