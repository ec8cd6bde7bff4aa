"""Switch on that what is said in a team's calls is kept, until a day; and off again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from billing.content_clear import clear_team
from billing.content_models import ContentConsent
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, ids
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.roles import allowed, require

MOST_DAYS = 90  # ahead
_MAX_TEXT = 300


class Forbidden(ValidationError):
    """Whoever operates this llmhub does not allow it."""


def zone() -> ZoneInfo:
    """Return the zone in which the last day ends."""
    return ZoneInfo(organisation.current().time_zone)


def last_day(until: datetime) -> date:
    """Return the last day on which something is kept."""
    return (until - timedelta(seconds=1)).astimezone(zone()).date()


def in_force(now: datetime) -> dict[int, datetime]:
    """Return until when what is said is kept, by team."""
    if not settings.CONTENT_ALLOWED:
        return {}
    rows = ContentConsent.objects.filter(is_on=True, until__gt=now)
    return dict(rows.values_list("team_id", "until"))


def may_read(actor: Actor, team_id: int) -> bool:
    """Return whether `actor` may read what was said in a team's calls: its managers, admins and owners.

    The only place that decides it; it is on top of the right to see the call.
    """
    return allowed(actor, "manage", team=team_id)


@transaction.atomic
def switch_on(*, actor: Actor, team: Team, until: date, reason: str) -> ContentConsent:
    """Save that what is said in calls of `team` is kept through the day `until`, by the hub's time zone.

    What was kept before goes on the day it was to go, or on this one if that is earlier. Raises
    `ValidationError` on a day that is past or more than 90 days ahead, and without a reason.
    """
    require(actor, "own")
    if not settings.CONTENT_ALLOWED:
        raise Forbidden("LLMHUB_CONTENT=off: whoever operates this llmhub lets no content be kept")
    now = clock.now()
    until_moment = _end(until, now)
    reason = reason.strip()
    if not reason or len(reason) > _MAX_TEXT:
        raise ValidationError({"reason": f"say in 1 to {_MAX_TEXT} letters what it is kept for"})
    row, before = _locked(team), None
    if row is None:
        row = ContentConsent(team=team)
    else:
        before = _facts(row) if row.stands(now) else None
        if row.until <= now:  # what may still lie there was to be gone
            row.deleted_to = _calls_until(now)
    row.is_on, row.until, row.since, row.by, row.reason = True, until_moment, now, actor.label, reason
    row.save()
    log.record(actor, "content.switched_on", f"team:{team.slug}", before=before, after=_facts(row))
    return row


def switch_off(*, actor: Actor, team: Team, keeps: bool = False) -> int:
    """Keep nothing of later calls of `team`; return how many calls' content was deleted.

    That is all of it, at once, unless it `keeps` it until its day. Safe to repeat: then it deletes
    what an earlier one kept.
    """
    with transaction.atomic():
        require(actor, "own")
        row = _locked(team)
        if row is None:
            return 0
        before, now = _facts(row), clock.now()
        row.is_on = False
        if not keeps:
            row.deleted_to = _calls_until(now)
        row.save()
        after = {"content": "kept until its day" if keeps else "deleted"}
        log.record(actor, "content.switched_off", f"team:{team.slug}", before=before, after=after)
    return 0 if keeps else clear_team(row)


def _locked(team: Team) -> ContentConsent | None:
    Team.objects.select_for_update().get(pk=team.pk)
    return ContentConsent.objects.select_for_update().filter(team=team).first()


def _end(until: date, now: datetime) -> datetime:
    here = zone()
    today = now.astimezone(here).date()
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        latest = today + timedelta(days=MOST_DAYS)
        raise ValidationError({"until": f"choose a day from {today} to {latest}: at most {MOST_DAYS} days"})
    return datetime.combine(until + timedelta(days=1), time(), here)


def _calls_until(now: datetime) -> int:
    """Return the highest id that a call begun by now can have."""
    return ids.first_at(now + timedelta(milliseconds=1)) - 1


def _facts(row: ContentConsent) -> dict[str, Any]:
    return {"until": str(last_day(row.until)), "reason": row.reason}
