"""E-mail to owners and managers: there by itself as soon as a mail server is set."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from llmhub.alerts.models import Alert, Channel, Transition
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM
from llmhub.people import organisation
from llmhub.people.models import Role, Team, TeamRole, User

NAME = "owners"


def addresses() -> tuple[str, ...]:
    """Return the e-mail addresses of all owners who may sign in."""
    rows = User.objects.filter(role=Role.OWNER, is_active=True)
    return tuple(rows.order_by("id").values_list("email", flat=True))


def of_team(team: Team) -> tuple[str, ...]:
    """Return the e-mail addresses of who manages a team and may sign in; of all owners where nobody does."""
    return _managers(team) or addresses()


def _managers(team: Team) -> tuple[str, ...]:
    rows = User.objects.filter(memberships__team=team, memberships__role=TeamRole.MANAGER, is_active=True)
    return tuple(rows.order_by("id").values_list("email", flat=True))


def beside(transition: Transition) -> tuple[str, ...]:
    """Return who is told with the owners: of a team's alert its managers, of an answer who asked for it."""
    return (*_of_its_team(transition.alert), *_who_asked(transition))


def _who_asked(transition: Transition) -> tuple[str, ...]:
    """Return who asked for more of a budget, where this is the answer."""
    kind, _, number = str(transition.facts.get("asker", "")).partition(":")
    if transition.state != Alert.State.RESOLVED or kind != "user" or not number.isdecimal():
        return ()
    return tuple(User.objects.filter(pk=int(number), is_active=True).values_list("email", flat=True))


def _of_its_team(alert: Alert) -> tuple[str, ...]:
    """Return who manages the team of an alert, unless a channel of the team tells them."""
    if alert.team is None:
        return ()
    theirs = Channel.objects.in_use().filter(team=alert.team, kind=Channel.Kind.EMAIL)
    return () if any(row.wants(alert) for row in theirs) else _managers(alert.team)


def see_to_channel() -> None:
    """Make the channel the first time that a mail server is set; once removed or changed, it stays so."""
    ours = Channel.objects.filter(Q(team=None) | Q(name=NAME), kind=Channel.Kind.EMAIL)
    if not settings.SMTP_URL or ours.exists():
        return
    with transaction.atomic():
        zone = organisation.current().time_zone
        new = Channel(name=NAME, kind=Channel.Kind.EMAIL, time_zone=zone, created_by=SYSTEM.label)
        Channel.objects.bulk_create([new], ignore_conflicts=True)  # of two workers, one is first
        made = Channel.objects.there().filter(name=NAME, kind=Channel.Kind.EMAIL).first()
        if made is not None:
            told = {"name": NAME, "kind": "email", "address": "all owners"}
            log.record(SYSTEM, "channel.created", f"channel:{made.pk}", after=told)
