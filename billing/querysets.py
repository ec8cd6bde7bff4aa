"""The reading vocabulary of keys and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from llmhub.audit.actor import Actor
from llmhub.people.models import Team
from llmhub.people.roles import reach

if TYPE_CHECKING:
    from billing.models import ApiKey, Budget  # noqa: F401 - named in strings below


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """The reading vocabulary of gateway keys."""

    def active(self) -> ApiKeyQuerySet:
        """Keys that were not revoked; whether one has expired is decided by the clock of the call."""
        return self.filter(revoked_at=None)

    def seen_by(self, actor: Actor) -> ApiKeyQuerySet:
        """Keys of the teams that `actor` may read."""
        return self.within(reach(actor))

    def within(self, teams: frozenset[int] | None) -> ApiKeyQuerySet:
        """Keys of these teams; None: of every team."""
        return self if teams is None else self.filter(team_id__in=teams)


class BudgetQuerySet(models.QuerySet["Budget"]):
    """The reading vocabulary of budgets."""

    def in_force(self) -> BudgetQuerySet:
        """Budgets that were not removed."""
        return self.filter(removed_at=None)

    def seen_by(self, actor: Actor) -> BudgetQuerySet:
        """Budgets of the teams that `actor` may read and of their keys, and a person's own.

        What the organisation, a provider's calls or somebody in whatever team have spent says something
        of other teams.
        """
        teams = reach(actor)
        if teams is None:
            return self
        keys = Team.objects.filter(pk__in=teams, keys__isnull=False).values("keys")
        seen = Q(scope="team", scope_id__in=teams) | Q(scope="key", scope_id__in=keys)
        return self.filter(seen | Q(scope="person", scope_id=actor.id) if actor.kind == "user" else seen)
