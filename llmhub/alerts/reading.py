"""Read alerts and deliveries as lists on pages, in the API and by command show them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Func, IntegerField, Q, QuerySet, Subquery

from llmhub.alerts.models import Alert, AlertQuerySet, Delivery
from llmhub.audit.actor import Actor
from llmhub.people.roles import allowed, reach, require


def chosen(actor: Actor, *, state: str = "", rule: str = "", team: str = "") -> AlertQuerySet:
    """Return the alerts that a filter keeps of those `actor` may read.

    One that was over before it fired is in no list.
    """
    rows = (
        Alert.objects.seen_by(actor).select_related("team").exclude(state=Alert.State.RESOLVED, fired_at=None)
    )
    if state:
        rows = rows.filter(state=state)
    if rule:
        rows = rows.filter(rule=rule)
    if team:
        rows = rows.filter(team__slug=team)
    return rows


def demanding_beside(now: datetime) -> Subquery:
    """Return how many alerts ask for somebody, as a column of a query that is made anyway."""
    number = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Subquery(Alert.objects.demanding(now).order_by().annotate(number=number).values("number"))


def deliveries(
    actor: Actor, *, state: str = "", channel: str = "", alert: Alert | None = None
) -> QuerySet[Delivery]:
    """Return the deliveries that a filter keeps of those `actor` may see, newest first.

    Who manages a team sees what its channels were told of it; a channel may have been another team's.
    """
    rows = Delivery.objects.select_related("channel", "transition__alert").order_by("-id")
    if not allowed(actor, "view"):
        teams = reach(actor, "manage") or frozenset()
        about = Q(transition=None) | Q(transition__alert__team_id__in=teams)
        rows = rows.filter(about, channel__team_id__in=teams)
    if state:
        rows = rows.filter(state=state)
    if channel:
        rows = rows.filter(channel__name=channel)
    return rows if alert is None else rows.filter(transition__alert=alert)


def require_channels(actor: Actor) -> None:
    """Raise `NotAllowed` unless `actor` may see channels and what they were told: some, or all."""
    if not allowed(actor, "view"):
        require(actor, "manage")
