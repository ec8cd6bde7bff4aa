"""Where what is said in calls is kept, until when, and how much of it there is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings

from billing.content_consent import last_day
from billing.content_models import CallContent, ContentConsent
from llmhub.people.models import Team


@dataclass(frozen=True)
class TeamContent:
    """Whether what is said in a team's calls is kept."""

    team: Team
    is_on: bool = False
    last_day: date | None = None  # None: nothing was ever kept, or nothing of it is left
    since: datetime | None = None
    by: str = ""
    reason: str = ""
    kept: int = 0  # calls

    @property
    def is_forbidden(self) -> bool:
        """Whether whoever operates this llmhub lets nothing be kept."""
        return not settings.CONTENT_ALLOWED


def of_team(team: Team, *, now: datetime) -> TeamContent:
    """Return how it is with a team."""
    row = ContentConsent.objects.filter(team=team, until__gt=now).first()
    if row is None or not settings.CONTENT_ALLOWED:
        return TeamContent(team)
    kept = CallContent.objects.filter(
        team_id=team.pk, pk__gt=row.deleted_to, delete_after__gt=now
    ).values_list("delete_after", flat=True)
    ends = [row.until] if row.is_on else sorted(kept)[-1:]
    return TeamContent(
        team=team,
        is_on=row.is_on,
        last_day=last_day(min(ends[0], row.until)) if ends else None,
        since=row.since,
        by=row.by,
        reason=row.reason,
        kept=len(kept),
    )


def switched_on(*, now: datetime, teams: Collection[int] | None = None) -> list[TeamContent]:
    """Return the teams of whose calls what is said is kept, the first to end first; None: of all teams."""
    if not settings.CONTENT_ALLOWED:
        return []
    rows = ContentConsent.objects.filter(is_on=True, until__gt=now).select_related("team")
    if teams is not None:
        rows = rows.filter(team_id__in=teams)
    return [
        TeamContent(row.team, True, last_day(row.until), row.since, row.by, row.reason)
        for row in rows.order_by("until", "pk")
    ]
