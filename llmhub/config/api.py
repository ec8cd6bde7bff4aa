"""The configuration as a file, in the management API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError

from llmhub.config import export, plan
from llmhub.lib.rest import REFUSALS, FailureAnswer, Output
from llmhub.people.api_access import caller

router = Router()
TOML = "application/toml"
_FILE = {TOML: {"schema": {"type": "string"}}}


class StepOut(Output):
    """One value before and after; null where nothing is set."""

    key: str
    before: Any
    after: Any


class DifferenceOut(Output):
    """One thing that is not as the file says."""

    place: str
    change: Literal["added", "changed", "given up", "given back"]
    steps: list[StepOut]


class PlanOut(Output):
    """What applying the file would change; nothing when `differences` is empty."""

    differences: list[DifferenceOut]
    becomes_the_files: list[str]
    follows_llmhub: list[str]
    left_alone: list[str]


@router.get(
    "/config/export",
    response={401: FailureAnswer, 403: FailureAnswer},
    openapi_extra={"responses": {200: {"description": "llmhub.toml", "content": _FILE}}},
)
def export_configuration(request: HttpRequest) -> HttpResponse:
    """Write the llmhub.toml that would make this configuration anew, without secrets that were typed in."""
    caller(request, "configure")
    return HttpResponse(export().text, content_type=f"{TOML}; charset=utf-8")


@router.post(
    "/config/plan",
    response={200: PlanOut, 400: FailureAnswer, **REFUSALS},
    openapi_extra={"requestBody": {"required": True, "content": _FILE}},
)
def plan_configuration(request: HttpRequest) -> dict[str, Any]:
    """Say what applying the llmhub.toml in the body would change, without changing it."""
    caller(request, "configure")
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise HttpError(400, "the body is no UTF-8: send the text of llmhub.toml") from None
    return plan(text).document()
