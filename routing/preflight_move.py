"""Who is to move from which model to which, and who may ask: teams only about themselves."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from billing.models import ApiKey
from billing.recent_read import Callers
from catalog.models import Alias, CatalogEntry, PublicName
from catalog.names import nearest
from llmhub.audit.actor import Actor
from llmhub.people.models import Team
from llmhub.people.roles import NotAllowed, allowed, reach, require
from routing.models import Route
from routing.policy_words import asked_as
from routing.preflight import Kind, Scope

KINDS: tuple[Kind, ...] = ("organisation", "team", "key", "alias", "route")


@dataclass(frozen=True)
class Move:
    """A switch that somebody thinks about."""

    source: CatalogEntry
    target: CatalogEntry
    scope: Scope
    callers: Callers
    alias: Alias | None = None  # the one that would be moved
    route: Route | None = None  # the one of whose targets it would be

    @property
    def can_be_made(self) -> bool:
        """Whether moving an alias would do it."""
        return self.alias is not None and self.alias.entry_id == self.source.pk


def move_of(*, actor: Actor, source: str, target: str, kind: str = "", name: str = "") -> Move:
    """Return the move that is meant. `source` may be left out, or be the name, of an alias or a route.

    Without a kind of scope it is the whole organisation; of an alias or a route as `source`, that. Raises
    `ValidationError` on a name that nothing has, and `NotAllowed` on what is not this one's to ask.
    """
    if not kind:
        kind, name = _meant(source)
    if kind not in KINDS:
        raise ValidationError({"scope": f"{kind[:40]!r} is no scope: use {', '.join(KINDS)}"})
    alias = _found_alias(name) if kind == "alias" else None
    route = _found_route(name) if kind == "route" else None
    if alias is not None:
        source = source or alias.entry.slug
    if route is not None:
        source = _first_of(route) if source in ("", name) else source
    scope, callers = _scope(actor, kind, name)
    old, new = _entry("source", source), _entry("target", target)
    if old.pk == new.pk:
        raise ValidationError({"target": f"{new.slug} is what is called now: choose another model"})
    if alias is not None and alias.entry_id != old.pk:
        raise ValidationError(
            {"source": f"{alias.name_id} stands for {alias.entry.slug}, not for {old.slug}"}
        )
    if route is not None and not route.targets.filter(entry=old).exists():
        raise ValidationError(
            {"source": f"{route.name_id} does not list {old.slug}: name one of its targets"}
        )
    return Move(old, new, scope, callers, alias, route)


def _meant(source: str) -> tuple[str, str]:
    """Return the scope that is meant where only the old model is named."""
    if _alias(source) is not None:
        return "alias", source
    return ("route", source) if Route.objects.filter(name=source).exists() else ("organisation", "")


def _found_alias(name: str) -> Alias:
    found = _alias(name)
    if found is None:
        raise ValidationError({"name": f"there is no alias {name[:100]!r}: {_near(name, Alias, 'name_id')}"})
    return found


def _found_route(name: str) -> Route:
    found = Route.objects.filter(name=name).first()
    if found is None:
        raise ValidationError({"name": f"there is no route {name[:100]!r}: {_near(name, Route, 'name_id')}"})
    return found


def _first_of(route: Route) -> str:
    first = route.targets.filter(is_for_want=False).select_related("entry").first()
    return first.entry.slug if first else ""


def _scope(actor: Actor, kind: str, name: str) -> tuple[Scope, Callers]:
    """Return whose calls count, cut to the teams that the one who asks may ask about."""
    sees_all = allowed(actor, "view")
    if kind == "team":
        team = _team(actor, name)
        _may(actor, team.pk)
        return Scope("team", team.slug, f"team {team.name}"), Callers(teams=frozenset({team.pk}))
    if kind == "key":
        key = _key(actor, name)
        _may(actor, key.team_id)
        return Scope("key", str(key.pk), f"key {key.name}"), Callers(frozenset({key.team_id}), key_id=key.pk)
    if kind == "organisation":
        require(actor, "view")
        return Scope("organisation"), Callers()
    teams = None if sees_all else reach(actor, "manage")
    if teams is not None and not teams:
        raise NotAllowed(
            f"{actor.label} manages no team: this is for managers of teams and viewers of the hub"
        )
    label = f"the {kind} {name}" + ("" if teams is None else ", as far as your teams call it")
    return Scope("alias" if kind == "alias" else "route", name, label), Callers(
        teams, requested=asked_as(name)
    )


def _may(actor: Actor, team_id: int) -> None:
    if not allowed(actor, "view"):
        require(actor, "manage", team=team_id)


def _team(actor: Actor, slug: str) -> Team:
    there = Team.objects.within(reach(actor))
    found = there.filter(slug=slug).first()
    if found is None:
        some = ", ".join(there.values_list("slug", flat=True)[:20]) or "none that you may see"
        raise ValidationError({"name": f"there is no team {slug[:100]!r}: there are {some}"})
    return found


def _key(actor: Actor, text: str) -> ApiKey:
    keys: QuerySet[ApiKey] = ApiKey.objects.seen_by(actor)
    is_id = text.isascii() and text.isdecimal() and len(text) < 19
    found = list(keys.filter(pk=int(text)) if is_id else keys.filter(prefix__startswith=text[:16] or "-")[:2])
    if len(found) != 1:
        many = "more than one key fits" if found else "there is no key"
        raise ValidationError({"name": f"{many} {text[:40]!r}: give the id of one, or its first letters"})
    return found[0]


def _alias(name: str) -> Alias | None:
    return Alias.objects.select_related("entry").filter(name_id=name).first()


def _entry(field: str, name: str) -> CatalogEntry:
    """Return the model that is meant: by its id, or by an alias of it."""
    if not name:
        raise ValidationError({field: "say which model: an id of the catalog, or an alias"})
    found = CatalogEntry.objects.filter(slug=name).first()
    if found is not None:
        return found
    alias = _alias(name)
    if alias is None:
        raise ValidationError({field: f"there is no model {name[:100]!r}: {_near(name, PublicName, 'name')}"})
    return alias.entry


def _near(name: str, model: type[Alias] | type[PublicName] | type[Route], field: str) -> str:
    near = nearest(name, model._default_manager.values_list(field, flat=True))
    return f"did you mean {', '.join(near)}?" if near else "take one of the catalog"
