"""What the form of a new budget offers to choose from."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Iterator
from dataclasses import dataclass

from billing.models import ApiKey
from catalog.models import CatalogEntry
from llmhub.audit.actor import Actor
from llmhub.people.models import Team, User
from llmhub.people.roles import allowed, reach
from providers.models import Provider

_MOST = 200  # of a kind; the form takes others, too


@dataclass(frozen=True)
class Suggestion:
    """A name that a budget can be of."""

    name: str  # as it is written
    label: str  # what it is


def suggestions(actor: Actor) -> list[Suggestion]:
    """Return what `actor` may give a budget to: teams and keys that they manage, all else to admins."""
    found = list(_of_teams(actor))
    return [*found, *_of_everybody(actor)] if allowed(actor, "configure") else found


def _of_teams(actor: Actor) -> Iterator[Suggestion]:
    teams = reach(actor, "manage")
    for team in Team.objects.within(teams).order_by("slug")[:_MOST]:
        yield Suggestion(team.slug, f"Team {team.name}")
    rows = ApiKey.objects.within(teams).filter(revoked_at=None).select_related("team")
    keys = list(rows.order_by("name", "id")[:_MOST])
    times = Count(key.name for key in keys)
    for key in keys:
        label = f"Key {key.name} of {key.team.name}"
        yield Suggestion(key.name if times[key.name] == 1 else str(key.pk), label)


def _of_everybody(actor: Actor) -> Iterator[Suggestion]:
    for person in User.objects.seen_by(actor).filter(is_active=True).order_by("email")[:_MOST]:
        yield Suggestion(person.email, f"Person {person}")
    for provider in Provider.objects.listed().order_by("slug")[:_MOST]:
        yield Suggestion(provider.slug, f"Provider {provider.name}")
    for slug in CatalogEntry.objects.listed().order_by("slug").values_list("slug", flat=True)[:_MOST]:
        yield Suggestion(slug, "Model")
