"""How routes look to programs: the same in the API and in `--json`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from llmhub.lib.rest import Output
from routing.models import Route, RouteTarget


class TargetOut(Output):
    """A model that a route lists; `provider` null: wherever it is offered."""

    model: str
    provider: str | None
    weight: int


class RouteOut(Output):
    """A name whose calls go to one of several models."""

    name: str
    description: str
    policy: str
    targets: list[TargetOut]
    over_budget: list[TargetOut]  # where calls go that no budget lets go to `targets`
    require: list[str]
    max_cost_multiple: str | None  # null: fallbacks may cost anything
    explore_percent: int
    keeps_sessions: bool
    escalates: bool  # the next target answers where the answer of the one before is of no use
    default_output_tokens: int | None  # of a call without a limit; null: as its team's rules say
    origin: str
    created_at: datetime


def route_out(route: Route) -> RouteOut:
    """Return a route, read with its targets, as programs read it."""
    return RouteOut(
        name=route.name_id,
        description=route.description,
        policy=route.policy,
        targets=[_target(row) for row in route.targets.all() if not row.is_for_want],
        over_budget=[_target(row) for row in route.targets.all() if row.is_for_want],
        require=route.require,
        max_cost_multiple=multiple_text(route.max_cost_multiple),
        explore_percent=route.explore_percent,
        keeps_sessions=route.keeps_sessions,
        escalates=route.escalates,
        default_output_tokens=route.default_output_tokens,
        origin=route.origin,
        created_at=route.created_at,
    )


def multiple_text(multiple: Decimal | None) -> str | None:
    """Return how many times the first choice's cost a fallback may have, without needless zeros."""
    return None if multiple is None else f"{Decimal(multiple).normalize():f}"


def _target(row: RouteTarget) -> TargetOut:
    return TargetOut(
        model=row.entry.slug, provider=row.provider.slug if row.provider else None, weight=row.weight
    )
