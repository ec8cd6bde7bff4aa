"""Find routes, and what they list; a wrong name gets the nearest ones, or what it is instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from catalog.models import Alias, CatalogEntry, EntryQuerySet
from catalog.names import nearest
from providers.models import Provider
from routing.models import Route
from routing.route import Target


@dataclass(frozen=True)
class Said:
    """A target as people and programs write it."""

    model: str
    provider: str = ""  # short name; "": wherever the model is offered
    weight: int = 1


def find_route(name: str) -> Route:
    """Return the route of this name with its targets. Raises `ValueError` that names the nearest."""
    found = Route.objects.with_targets().filter(pk=name).first()
    if found is None:
        near = nearest(name, Route.objects.values_list("name_id", flat=True))
        hint = f"did you mean {', '.join(near)}?" if near else "see which there are, or make it"
        raise ValueError(f"there is no route {name[:200]!r}: {hint}")
    return found


def find_targets(said: Iterable[Said], *, field: str = "targets") -> list[Target]:
    """Return the targets that are named. Raises `ValidationError` at `field`, a line for each wrong one."""
    said = list(said)
    entries = {row.slug: row for row in _callable().filter(slug__in=[each.model for each in said])}
    slugs = [each.provider for each in said if each.provider]
    providers = {row.slug: row for row in Provider.objects.listed().filter(slug__in=slugs)} if slugs else {}
    wrong = [_no_model(each.model) for each in said if each.model not in entries]
    wrong += [_no_provider(slug) for slug in slugs if slug not in providers]
    if wrong:
        raise ValidationError({field: wrong})
    return [
        Target(entries[each.model], providers[each.provider] if each.provider else None, each.weight)
        for each in said
    ]


def _callable() -> EntryQuerySet:
    return CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)


def _no_model(name: str) -> str:
    alias = Alias.objects.filter(pk=name).select_related("entry").first()
    if alias is not None:
        return f"{name!r} is an alias: name its model, {alias.entry.slug}"
    if Route.objects.filter(pk=name).exists():
        return f"{name!r} is a route itself: a route lists models only"
    if CatalogEntry.objects.listed().filter(slug=name).exists():
        return f"{name!r} was found and not taken in yet: promote it first"
    near = nearest(name, _callable().values_list("slug", flat=True))
    hint = f"did you mean {', '.join(near)}?" if near else "take one of the catalog"
    return f"there is no model {name[:200]!r}: {hint}"


def _no_provider(slug: str) -> str:
    there = list(Provider.objects.listed().values_list("slug", flat=True))
    near = nearest(slug, there)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(there[:20]) or 'none yet'}"
    return f"there is no provider {slug[:100]!r}: {hint}"
