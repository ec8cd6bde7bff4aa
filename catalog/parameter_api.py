"""The parameters of a call checked against its model, in the management API."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Router

from catalog.api import ModelId, find_entry
from catalog.parameter_check import Finding, check, corrected
from llmhub.lib.rest import REFUSALS, Output
from llmhub.people.api_access import caller

router = Router()


class FindingOut(Output):
    """One thing that is wrong with a parameter, and what to do."""

    parameter: str
    problem: str
    message: str
    nearest: Any  # the nearest value that is allowed; null: none is
    leave_out: bool


class ParameterCheckOut(Output):
    """What is wrong with the parameters of a call."""

    model: str
    stated: bool  # false: nobody said what the model takes; only its output limit was looked at
    fits: bool
    findings: list[FindingOut]
    corrected: dict[str, Any]  # the same body with every finding put right


def check_out(
    model: str, parameters: dict[str, Any], limit: int | None, body: dict[str, Any]
) -> ParameterCheckOut:
    """Return what programs read of a check."""
    findings = check(body, parameters, output_limit=limit)
    return ParameterCheckOut(
        model=model,
        stated=bool(parameters),
        fits=not findings,
        findings=list(map(_finding, findings)),
        corrected=corrected(body, parameters, output_limit=limit),
    )


def _finding(of: Finding) -> FindingOut:
    return FindingOut(
        parameter=of.parameter,
        problem=of.problem,
        message=of.message,
        nearest=of.nearest,
        leave_out=of.leave_out,
    )


@router.post("/models/{path:model_id}/check-parameters", response={200: ParameterCheckOut, **REFUSALS})
def check_parameters(
    request: HttpRequest,
    model_id: ModelId,
    body: Annotated[dict[str, Any], Body(description="the body of a call, or its parameters alone")],
) -> ParameterCheckOut:
    """Check the parameters of a call against what its model is said to take; no call is made."""
    caller(request, "read")
    entry = find_entry(model_id)
    return check_out(entry.slug, entry.parameters, entry.output_limit_tokens, body)
