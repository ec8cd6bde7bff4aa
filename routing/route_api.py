"""Routes in the management API."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import AfterValidator, Field

from billing.rules import MAX_OUTPUT_TOKENS
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Page, page
from llmhub.people.api_access import caller
from routing.models import Route
from routing.policy_words import Policy
from routing.route import change_route, create_route, remove_route
from routing.route_find import Said, find_route, find_targets
from routing.route_limits import MOST_EXPLORED, MOST_TARGETS, MOST_WEIGHT
from routing.route_shapes import RouteOut, route_out

router = Router()


def _multiple(text: str) -> str:
    """Return `text` if it is a number. Raises `ValueError`, which names the field in the answer."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError('must be a decimal string such as "3", at least 1, or null for no limit')
    return text


class TargetIn(Input):
    """A model that calls may go to; without a provider, wherever it is offered."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    provider: Annotated[str, Field(max_length=64)] | None = None
    weight: Annotated[int, Field(ge=0, le=MOST_WEIGHT, description="used by the policy weighted")] = 1

    def said(self) -> Said:
        """Return it as it is looked up."""
        return Said(self.model, self.provider or "", self.weight)


Targets = Annotated[list[TargetIn], Field(max_length=MOST_TARGETS)]
Multiple = Annotated[
    str,
    Field(max_length=20, description="a decimal string, at least 1; null: no limit"),
    AfterValidator(_multiple),
]


_MAY_BE_NULL = ("max_cost_multiple", "default_output_tokens")  # null: no limit, and as the team's rules say


class RouteChange(Input):
    """What is changed of a route; what is left out stays as it is, a list that is given is the whole list."""

    description: Annotated[str, Field(max_length=500)] | None = None
    policy: Policy | None = None
    targets: Targets | None = None
    over_budget: Targets | None = None
    require: Annotated[list[Annotated[str, Field(max_length=30)]], Field(max_length=30)] | None = None
    max_cost_multiple: Multiple | None = None
    explore_percent: Annotated[int, Field(ge=0, le=MOST_EXPLORED)] | None = None
    keeps_sessions: bool | None = None
    escalates: bool | None = None
    default_output_tokens: Annotated[int, Field(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None

    def facts(self) -> dict[str, Any]:
        """Return what is said, with targets as they are found. Raises `ValidationError`."""
        given = self.model_dump(exclude_unset=True, exclude={"name", "targets", "over_budget"})
        facts = {key: value for key, value in given.items() if value is not None or key in _MAY_BE_NULL}
        for field in ("targets", "over_budget"):
            rows: list[TargetIn] | None = getattr(self, field)
            if rows is not None:
                facts[field] = find_targets([row.said() for row in rows], field=field)
        return facts


class RouteIn(RouteChange):
    """A route to make: what is left out is as docs/routing.md says."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    targets: Targets


def found_route(name: str) -> Route:
    """Return the route of this name. Raises `Http404` with the nearest ones."""
    try:
        return find_route(name)
    except ValueError as refusal:
        raise Http404(str(refusal)) from None


@router.get("/routes", response={200: Page[RouteOut], **REFUSALS})
def list_routes(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[RouteOut]:
    """List the routes by name."""
    caller(request, "read")
    return page(Route.objects.with_targets(), route_out, by="name_id", cursor=cursor, limit=limit)


@router.post("/routes", response={201: RouteOut, **REFUSALS})
def make_route(request: HttpRequest, body: RouteIn) -> Status[RouteOut]:
    """Make a route: a name that callers ask for like a model."""
    actor = caller(request, "configure")
    route = create_route(actor=actor, name=body.name, **body.facts())
    return Status(201, route_out(find_route(route.pk)))


@router.get("/routes/{path:name}", response={200: RouteOut, **REFUSALS})
def show_route(request: HttpRequest, name: str) -> RouteOut:
    """Show one route."""
    caller(request, "read")
    return route_out(found_route(name))


@router.patch("/routes/{path:name}", response={200: RouteOut, **REFUSALS})
def edit_route(request: HttpRequest, name: str, body: RouteChange) -> RouteOut:
    """Change a route; calls follow within seconds."""
    actor, route = caller(request, "configure"), found_route(name)
    change_route(actor=actor, route=route, **body.facts())
    return route_out(found_route(name))


@router.delete("/routes/{path:name}", response={204: None, **REFUSALS})
def end_route(request: HttpRequest, name: str) -> Status[None]:
    """Take a route away; its name is free for others at once."""
    remove_route(actor=caller(request, "configure"), route=found_route(name))
    return Status(204, None)
