"""Bring the routes of llmhub.toml into the database."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.models import Origin
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import Config
from llmhub.config.schema_routes import TargetSection
from routing.models import Route
from routing.route import Target, change_route, create_route, remove_route
from routing.route_find import Said, find_targets


def remove_routes(config: Config, actor: Actor) -> None:
    """Take away the routes that the file had and has no more: something else may need the name."""
    for route in Route.objects.filter(origin=Origin.FILE).exclude(pk__in=config.routes):
        remove_route(actor=actor, route=route)


def save_routes(config: Config, actor: Actor, at: At) -> None:
    """Save the routes of the file; those that people made beside them stay."""
    there = Route.objects.in_bulk(list(config.routes))
    for name, section in config.routes.items():
        with at("routes", name):
            facts = section.facts()
            if section.over_budget is not None:
                facts["over_budget"] = _targets(section.over_budget, "over_budget")
            targets = _targets(section.targets, "targets")
            if name in there:
                change_route(actor=actor, route=there[name], targets=targets, **facts)
            else:
                create_route(actor=actor, name=name, targets=targets, **facts)


def _targets(sections: Sequence[TargetSection], field: str) -> list[Target]:
    said = [Said(each.model, each.provider or "", each.weight) for each in sections]
    return find_targets(said, field=field)
