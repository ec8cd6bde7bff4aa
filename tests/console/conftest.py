"""What the pages show: a team, a provider, a model with a price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.new_model import add_model
from llmhub.audit.actor import COMMAND_LINE
from llmhub.people.team import create_team
from providers.provider import create_provider
from providers.rates import Rates


@pytest.fixture
def team(db):
    return create_team(actor=COMMAND_LINE, name="Support")


@pytest.fixture
def lab(db):
    """A custom provider that nobody answers for."""
    return create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", base_url="http://127.0.0.1:9/v1"
    )


@pytest.fixture
def offer(lab):
    """A model at the lab whose prices need all their digits."""
    return add_model(
        actor=COMMAND_LINE,
        provider=lab,
        upstream_id="small-1",
        slug="acme/small-1",
        rates=Rates(input=Decimal("0.0375"), output=Decimal("0.15"), cache_read=Decimal("0.001")),
        context_tokens=128_000,
        capabilities=["stream", "tools"],
    )


@pytest.fixture
def swap():
    """The header with which htmx asks for a part of a page."""
    return {"HX-Request": "true"}
