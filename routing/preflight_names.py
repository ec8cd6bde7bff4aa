"""Read what names the model that is left: aliases, routes, keys, budgets, successors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.urls import reverse

from billing.models import Budget
from catalog.models import Alias, CatalogEntry
from llmhub.audit.actor import Actor
from routing.models import Route
from routing.preflight_move import Move
from routing.preflight_supply import KeyFacts, Reference

_MOST = 50  # of one kind


def references(move: Move, keys: Sequence[KeyFacts], *, actor: Actor) -> list[Reference]:
    """Return what names the old model, of what `actor` may see."""
    return [*_names(move), *_keys(move, keys), *_budgets(move, actor), *_successors(move)]


def _names(move: Move) -> Iterator[Reference]:
    """Yield other names of the model: of everybody, so that only everybody's move has to do with them."""
    whole, path = move.scope.kind == "organisation", reverse("catalog:alias_list")
    aliases = Alias.objects.filter(entry=move.source).order_by("name_id")
    for name in aliases.values_list("name_id", flat=True)[:_MOST]:
        if move.alias is None or name != move.alias.pk:
            stays = "stands for it" if whole else "goes on standing for it"
            yield Reference("Alias", f"{name} {stays}", path, breaks=whole)
    routes = Route.objects.filter(targets__entry=move.source).distinct().order_by("name_id")
    for name in routes.values_list("name_id", flat=True)[:_MOST]:
        if move.route is None or name != move.route.pk:
            yield Reference("Route", f"{name} {'lists it' if whole else 'goes on listing it'}", breaks=whole)


def _keys(move: Move, keys: Sequence[KeyFacts]) -> Iterator[Reference]:
    new = move.target.slug
    for key in [key for key in keys if move.source.slug in key.reach.names][:_MOST]:
        is_shut = not move.scope.keeps_its_name and not key.reach.has_model(new, new)
        yield Reference("Key that names it", key.label, key.path, breaks=is_shut)


def _budgets(move: Move, actor: Actor) -> Iterator[Reference]:
    budgets = Budget.objects.in_force().seen_by(actor).filter(scope="model", scope_id=move.source.pk)
    for budget in budgets.order_by("pk")[:_MOST]:
        kind = "hard" if budget.hard else "soft"
        said = f"{kind}, per {budget.per}: calls of {move.target.slug} are not counted by it"
        yield Reference("Budget of the model", said, reverse("billing:budget_detail", args=[budget.pk]))


def _successors(move: Move) -> Iterator[Reference]:
    instead = move.source.replacement
    if instead and instead != move.target.slug:
        path = reverse("catalog:model_detail", args=[instead])
        yield Reference(
            "Named successor", f"{instead} is named as the one to use instead", path, breaks=False
        )
    said_so = CatalogEntry.objects.listed().filter(replacement=move.source.slug)
    for slug in said_so.values_list("slug", flat=True)[:_MOST]:
        path = reverse("catalog:model_detail", args=[slug])
        yield Reference("Successor of", f"{slug} says to use it instead", path, breaks=False)
