"""Test a connection before it is saved, in the management API: its models, their prices, a first call."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from catalog.api import Amount
from catalog.listing_api import KnownOut, known_out
from llmhub.add_provider.draft import MOST_FOUND, Draft
from llmhub.add_provider.unsaved import call_once, connection_of, priced, tested
from llmhub.lib import money
from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from providers.credential_api import Secret

router = Router()


class ConnectionIn(Input):
    """A connection to test."""

    kind: Annotated[str, Field(max_length=20)] = "custom"
    base_url: Annotated[str, Field(max_length=300)] = ""
    dialect: Annotated[str, Field(max_length=20)] = ""
    secret: Secret | None = None

    def draft(self) -> Draft:
        """Return where to call. Raises `ValidationError`."""
        return connection_of(
            self.kind, base_url=self.base_url, dialect=self.dialect, secret=self.secret or ""
        )


class FirstCallIn(ConnectionIn):
    """One model to call; without a price that of the catalog counts, where it knows one."""

    upstream_id: Annotated[str, Field(min_length=1, max_length=200)]
    input: Amount | None = None
    output: Amount | None = None


class FoundOut(Output):
    """A model that was found."""

    upstream_id: str
    name: str
    context_tokens: int | None
    known: KnownOut | None  # null: the catalog knows none like it, so its price has to be said


class ConnectionCheckOut(Output):
    """What a free call found, and what to do about it."""

    outcome: str
    message: str
    models: list[str]
    found: list[FoundOut]  # the same, 2,000 at most, with what the catalog knows of each
    latency_ms: int


class FirstCallOut(Output):
    """What the first call brought; cost in USD, null is unknown."""

    answered: bool
    said: str  # the answer, cut, or what went wrong
    latency_ms: int
    input_tokens: int
    output_tokens: int
    cost: str | None
    computed_cost: str | None
    cost_source: str


@router.post("/provider-tests", response={200: ConnectionCheckOut, **REFUSALS})
def test_connection(request: HttpRequest, body: ConnectionIn) -> ConnectionCheckOut:
    """Test a connection before it is saved, by a free call; nothing is kept."""
    caller(request, "configure")
    found = tested(body.draft())
    return ConnectionCheckOut(
        outcome=found.check.outcome,
        message=found.check.message,
        models=[each.listing.upstream_id for each in found.models],
        found=[
            FoundOut(
                upstream_id=each.listing.upstream_id,
                name=each.listing.name,
                context_tokens=each.listing.context_tokens,
                known=known_out(each.known),
            )
            for each in found.models[:MOST_FOUND]
        ],
        latency_ms=found.check.latency_ms,
    )


@router.post("/provider-tests/calls", response={200: FirstCallOut, **REFUSALS})
def make_first_call(request: HttpRequest, body: FirstCallIn) -> FirstCallOut:
    """Make one small call, which is paid for, at a provider that is not saved; it is in the ledger."""
    actor = caller(request, "configure")
    draft = priced(
        body.draft(), body.upstream_id, input_price=body.input or "", output_price=body.output or ""
    )
    made = call_once(actor=actor, draft=draft)
    return FirstCallOut(
        answered=made.answered,
        said=made.said,
        latency_ms=made.latency_ms,
        input_tokens=made.input_tokens,
        output_tokens=made.output_tokens,
        cost=None if made.cost_nano is None else money.text(made.cost_nano),
        computed_cost=None if made.computed_nano is None else money.text(made.computed_nano),
        cost_source=made.cost_source,
    )
