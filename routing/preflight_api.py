"""The dry run of a model switch, in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from llmhub.audit.actor import Actor
from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from routing.preflight import Check, Preflight
from routing.preflight_move import move_of
from routing.preflight_run import run

router = Router()

Name = Annotated[str, Field(max_length=200)]


class MoveIn(Input):
    """Who is to move from which model to which."""

    source: Annotated[
        Name,
        Field(
            alias="from", description="a model, an alias or a route; may be empty where one of these moves"
        ),
    ]
    target: Annotated[Name, Field(alias="to", min_length=1, description="a model, or an alias")]
    scope: Annotated[
        Literal["", "organisation", "team", "key", "alias", "route"],
        Field(description="empty: the alias or route given as `from`, else the whole organisation"),
    ] = ""
    name: Annotated[
        Name, Field(description="of the team (its short name), the key (its id), the alias or the route")
    ] = ""


class ProbedIn(MoveIn):
    """The same, with what may be asked of providers first."""

    probe: Literal["none", "free", "one-call"] = "none"


class CheckEvidenceOut(Output):
    """One thing that a check looked at; `path` is the page of the console that shows it, or empty."""

    what: str
    value: str
    path: str


class CheckOut(Output):
    """One check: `status` is ok, warn, fail or unknown."""

    name: str
    title: str
    status: str
    said: str
    evidence: list[CheckEvidenceOut]


class PreflightOut(Output):
    """What a move would meet; `verdict` is the worst status, and only `fail` is a reason not to move."""

    verdict: str
    said: str
    source: str
    target: str
    scope: str
    name: str
    at: datetime
    checks: list[CheckOut]


def preflight_out(found: Preflight) -> PreflightOut:
    """Return what programs read of a preflight."""
    return PreflightOut(
        verdict=found.verdict,
        said=found.said,
        source=found.source,
        target=found.target,
        scope=found.scope.kind,
        name=found.scope.name,
        at=found.at,
        checks=list(map(_check, found.checks)),
    )


def _check(of: Check) -> CheckOut:
    return CheckOut(
        name=of.name,
        title=of.title,
        status=of.status,
        said=of.said,
        evidence=[CheckEvidenceOut(what=each.what, value=each.value, path=each.path) for each in of.evidence],
    )


@router.get("/preflights", response={200: PreflightOut, **REFUSALS})
def preflight_now(request: HttpRequest, move: Annotated[MoveIn, Query()]) -> PreflightOut:
    """Say what moving somebody to another model would meet, by what is known; nobody is asked."""
    return _run(caller(request, "read"), move)


@router.post("/preflights", response={201: PreflightOut, **REFUSALS})
def preflight_probed(request: HttpRequest, body: ProbedIn) -> Status[PreflightOut]:
    """Say the same after asking the providers: by a free check, or by one small call as well."""
    return Status(201, _run(caller(request, "read"), body, probe=body.probe))


def _run(actor: Actor, asked: MoveIn, *, probe: str = "none") -> PreflightOut:
    move = move_of(actor=actor, source=asked.source, target=asked.target, kind=asked.scope, name=asked.name)
    return preflight_out(run(move, actor=actor, probe=probe))
