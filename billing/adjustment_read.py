"""Adjustments with what their ids stand for, for pages and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from billing.adjustment_models import Adjustment
from llmhub.lib import ids
from llmhub.people.models import Team
from providers.models import Provider


@dataclass(frozen=True)
class AdjustmentRow:
    """One adjustment; None: it has no team or provider, or that was deleted."""

    adjustment: Adjustment
    team: Team | None
    provider: Provider | None

    @property
    def at(self) -> datetime:
        """When it counts, in UTC."""
        return ids.moment_of(self.adjustment.usage_id)

    @property
    def request_id(self) -> str:
        """The public id of its own record."""
        return ids.request_id(self.adjustment.usage_id)


def seen_by(teams: frozenset[int] | None) -> QuerySet[Adjustment]:
    """Return the adjustments of these teams; None: all, also those of no team."""
    found = Adjustment.objects.all()
    return found if teams is None else found.filter(team_id__in=sorted(teams))


def rows_of(found: Sequence[Adjustment]) -> list[AdjustmentRow]:
    """Return adjustments with their teams and providers."""
    teams = Team.objects.in_bulk({row.team_id for row in found if row.team_id})
    providers = Provider.objects.in_bulk({row.provider_id for row in found if row.provider_id})
    return [
        AdjustmentRow(row, teams.get(row.team_id or 0), providers.get(row.provider_id or 0)) for row in found
    ]
