"""What a key can reach, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from routing.key_check import check_key

router = Router()


class KeyTestIn(Input):
    """The text of a gateway key; it is looked up by its digest and not kept."""

    key: Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"writeOnly": True})]


class NotNowOut(Output):
    """Models that cannot be called for one and the same reason."""

    why: str
    models: list[str]


class VerdictOut(Output):
    """What a key can do now; an empty `problem`: calls with it are let through."""

    problem: str
    team: str | None
    models: list[str]
    not_now: list[NotNowOut]


@router.post("/key-tests", response={200: VerdictOut, **REFUSALS})
def test_key(request: HttpRequest, body: KeyTestIn) -> VerdictOut:
    """Say what a key can do now, without a call to any provider."""
    caller(request, "view")
    verdict = check_key(body.key)
    return VerdictOut(
        problem=verdict.problem,
        team=verdict.caller.team_slug if verdict.caller else None,
        models=list(verdict.models),
        not_now=[NotNowOut(why=group.why, models=list(group.models)) for group in verdict.not_now],
    )
