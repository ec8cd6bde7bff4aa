"""Make routes, change them, take them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.entry import origin_of
from catalog.models import CatalogEntry, Offer, PublicName
from catalog.public_name import take_name
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.roles import require
from providers.models import Provider
from routing.models import Route, RouteTarget
from routing.route_limits import MOST_TARGETS
from routing.team_routes import forget_route

FACTS = (
    "description", "policy", "require", "max_cost_multiple", "explore_percent", "keeps_sessions", "escalates",
    "default_output_tokens",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A model that a route lists, or that model at one provider."""

    entry: CatalogEntry
    provider: Provider | None = None  # None: wherever it is offered
    weight: int = 1


@transaction.atomic
def create_route(
    *, actor: Actor, name: str, targets: Sequence[Target], over_budget: Sequence[Target] = (), **facts: Any
) -> Route:
    """Save a route; `facts` are fields of `FACTS`. Raises `ValidationError` on what cannot be."""
    require(actor, "configure")
    _check(targets, over_budget)
    route = Route(name=take_name(name, PublicName.Kind.ROUTE), origin=origin_of(actor), **facts)
    route.full_clean(exclude=["name"])
    route.save(force_insert=True)
    _write(route, targets, over_budget)
    log.record(actor, "route.added", f"route:{name}", after=said(route))
    return route


@transaction.atomic
def change_route(
    *,
    actor: Actor,
    route: Route,
    targets: Sequence[Target] | None = None,
    over_budget: Sequence[Target] | None = None,
    **facts: Any,
) -> Route:
    """Change what is given of a route, which is then the actor's; calls follow within seconds.

    Raises as `create_route` does.
    """
    require(actor, "configure")
    row = Route.objects.select_for_update().get(pk=route.pk)
    before, kept = said(row), targets_of(row)
    for name, value in facts.items():
        setattr(row, name, value)
    row.full_clean(exclude=["name"])
    wanted = kept if targets is None else (list(targets), kept[1])
    wanted = wanted if over_budget is None else (wanted[0], list(over_budget))
    _check(*wanted)
    after = _said(row, *wanted)
    if after == before:
        return row
    row.origin = origin_of(actor)
    row.save()
    if wanted != kept:
        row.targets.all().delete()
        _write(row, *wanted)
    log.record(actor, "route.changed", f"route:{row.pk}", before=before, after=after)
    return row


@transaction.atomic
def remove_route(*, actor: Actor, route: Route) -> None:
    """Take a route away; the name is free for others at once."""
    require(actor, "configure")
    name, before = route.name_id, said(route)
    forget_route(actor=actor, name=name)
    route.delete()
    PublicName.objects.filter(name=name).delete()
    log.record(actor, "route.removed", f"route:{name}", before=before)


def targets_of(route: Route) -> tuple[list[Target], list[Target]]:
    """Return the targets of a route, and where calls go that no budget lets go to them."""
    found: tuple[list[Target], list[Target]] = ([], [])
    for row in route.targets.select_related("entry", "provider"):
        found[row.is_for_want].append(Target(row.entry, row.provider, row.weight))
    return found


def said(route: Route) -> dict[str, Any]:
    """Return what a route says, for the audit log and for comparison."""
    return _said(route, *targets_of(route))


def _said(route: Route, targets: Sequence[Target], over_budget: Sequence[Target]) -> dict[str, Any]:
    multiple = route.max_cost_multiple
    return {
        **{name: getattr(route, name) for name in FACTS},
        "max_cost_multiple": None if multiple is None else f"{Decimal(multiple).normalize():f}",
        "targets": [shown(target) for target in targets],
        "over_budget": [shown(target) for target in over_budget],
    }


def shown(target: Target) -> str:
    """Return a target in one line: `acme/small at lab, weight 3`."""
    where = f" at {target.provider.slug}" if target.provider else ""
    return f"{target.entry.slug}{where}" + (f", weight {target.weight}" if target.weight != 1 else "")


def _write(route: Route, targets: Sequence[Target], over_budget: Sequence[Target]) -> None:
    rows = [
        RouteTarget(
            route=route,
            entry=each.entry,
            provider=each.provider,
            weight=each.weight,
            rank=rank,
            is_for_want=want,
        )
        for want, some in ((False, targets), (True, over_budget))
        for rank, each in enumerate(some)
    ]
    for row in rows:
        row.clean_fields(exclude=["route"])
    RouteTarget.objects.bulk_create(rows)


def _check(targets: Sequence[Target], over_budget: Sequence[Target]) -> None:
    if not targets:
        raise ValidationError({"targets": "a route needs a model that its calls go to: add one"})
    for field, some in (("targets", targets), ("over_budget", over_budget)):
        if len(some) > MOST_TARGETS:
            raise ValidationError({field: f"{len(some)} are too many: a route has {MOST_TARGETS} at most"})
        seen: set[tuple[int, int | None]] = set()
        for target in some:
            _check_one(field, target)
            where = (target.entry.pk, target.provider.pk if target.provider else None)
            if where in seen:
                raise ValidationError({field: f"{shown(target)} is there twice: take one out"})
            seen.add(where)


def _check_one(field: str, target: Target) -> None:
    entry, provider = target.entry, target.provider
    if entry.withdrawn_at is not None:
        raise ValidationError({field: f"{entry.slug} is withdrawn: choose a model that can be called"})
    if entry.source == CatalogEntry.Source.DISCOVERED:
        raise ValidationError({field: f"{entry.slug} was found and not taken in yet: promote it first"})
    offers = Offer.objects.filter(entry=entry, withdrawn_at=None)
    if provider is not None and not offers.filter(provider=provider).exists():
        at = ", ".join(offers.order_by("rank").values_list("provider__slug", flat=True)) or "nobody"
        raise ValidationError({field: f"{provider.slug} does not offer {entry.slug}: it is offered by {at}"})
