"""Read routes as llmhub.toml would say them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from catalog.models import CatalogEntry, Offer
from llmhub.config.fields import ROUTE_KEYS
from llmhub.config.schema_routes import INHERIT, NO_LIMIT
from llmhub.config.things import Thing, known
from routing.models import Route, RouteTarget


def read_routes() -> Iterator[Thing]:
    """Yield every route with those of its targets that a file could name."""
    offered = set(
        Offer.objects.filter(withdrawn_at=None, provider__removed_at=None).values_list(
            "entry_id", "provider_id"
        )
    )
    for route in Route.objects.with_targets():
        rows = [row for row in route.targets.all() if _can_be_named(row, offered)]
        targets = [_target(row) for row in rows if not row.is_for_want]
        if not targets:
            continue
        values = {key: getattr(route, field) for key, field in ROUTE_KEYS.items()}
        values["max_cost_multiple"] = _multiple(route.max_cost_multiple)
        values["default_output_tokens"] = route.default_output_tokens or INHERIT
        over_budget = [_target(row) for row in rows if row.is_for_want]
        said = known({**values, "targets": targets, "over_budget": over_budget})
        yield Thing(("routes", route.pk), said, owner=route.origin)


def _can_be_named(row: RouteTarget, offered: set[tuple[int, int]]) -> bool:
    entry = row.entry
    if entry.withdrawn_at is not None or entry.source != CatalogEntry.Source.CURATED:
        return False
    return row.provider_id is None or (entry.pk, row.provider_id) in offered


def _target(row: RouteTarget) -> Any:
    """Return the model alone where it says everything."""
    more: dict[str, Any] = {"provider": row.provider.slug} if row.provider else {}
    if row.weight != 1:
        more["weight"] = row.weight
    return {"model": row.entry.slug, **more} if more else row.entry.slug


def _multiple(multiple: Decimal | None) -> int | float | str:
    if multiple is None:
        return NO_LIMIT
    return int(multiple) if multiple == int(multiple) else float(multiple)
