"""Where a call goes and why, in the management API."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from billing import record
from billing.shapes import RequestWhole, request_whole
from llmhub.lib import ids
from llmhub.lib.rest import REFUSALS, BadQuery, Input
from llmhub.people.api_access import caller
from llmhub.people.roles import reach
from routing.explain_ahead import CannotAnswer, Question, ask, whose
from routing.explain_read import of_request
from routing.explain_values import Explained
from routing.policy_words import Policy

router = Router()
Word = Annotated[str, Field(max_length=200)]


class RequestPlanned(RequestWhole):
    """One request with its upstream calls, and with why it went there; null: that is not known."""

    plan: Explained | None


@router.get("/usage/{request_id}", response={200: RequestPlanned, **REFUSALS})
def show_usage(request: HttpRequest, request_id: Word) -> RequestPlanned:
    """Show one request: its upstream calls, their tokens and prices, and why it went where it went."""
    teams = reach(caller(request, "read"))
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=teams)
    if found is None:
        raise Http404(f"no request {request_id!r}")
    return planned(found)


class QuestionIn(Input):
    """A call: its body, or its size and what it needs. `key` is an id; without it the call is `team`'s."""

    model: Word = ""
    policy: Literal["", Policy] = ""
    body: dict[str, Any] | None = None
    dialect: Literal["chat", "messages", "embeddings"] = "chat"
    needs: Annotated[list[Word], Field(max_length=20)] = []
    input_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    output_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    max_cost: Annotated[str, Field(max_length=40)] = ""
    session: Annotated[str, Field(max_length=100)] = ""
    team: Word = ""
    key: Annotated[int | None, Field(ge=0, lt=2**63)] = None


@router.post("/explain", response={200: Explained, **REFUSALS})
def explain(request: HttpRequest, body: QuestionIn) -> Explained:
    """Say where a call would go and why, by what gateways wrote down; nothing is sent, nothing is held."""
    actor = caller(request, "read")
    question = Question(
        model=body.model,
        policy=body.policy,
        body="" if body.body is None else json.dumps(body.body),
        dialect=body.dialect,
        needs=tuple(body.needs),
        input_tokens=body.input_tokens,
        output_tokens=body.output_tokens,
        max_cost=body.max_cost,
        session=body.session,
    )
    try:
        team, key = whose(actor, team=body.team, key_id=body.key)
        return ask(question, team=team, key=key, shows_all=reach(actor) is None)
    except CannotAnswer as error:
        raise BadQuery(str(error)) from error


def planned(found: record.Request) -> RequestPlanned:
    """Return a request as programs read it."""
    return RequestPlanned(**request_whole(found).model_dump(), plan=of_request(found))
