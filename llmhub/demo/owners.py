"""What the demo's budget owners did: teams with roles, an invitation, channels, a question for more."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction

from billing import adjustment, amount
from billing.budget import unit_of
from billing.models import Budget
from billing.raise_request import ask_for_raise
from llmhub.alerts.channel import create_channel
from llmhub.alerts.models import Channel
from llmhub.audit.actor import SYSTEM
from llmhub.demo import cast
from llmhub.demo.budgets import rounded_up
from llmhub.lib import clock
from llmhub.people.access import actor_of_person
from llmhub.people.invitation import MOST_DAYS, invite
from llmhub.people.membership import set_member
from llmhub.people.models import Invitation, Membership, Team, User

HOOK = "demo-hook"  # in the home: where webhooks go, which is the simulator of this start
_INVITED = timedelta(days=1, hours=3)  # ago
_ASKED = timedelta(hours=2)  # ago
_THURSDAY = 3  # when the invoice was read: a day that spent more than was given back


@transaction.atomic
def write(simulator_url: str, now: datetime) -> None:
    """Let people do what owners of budgets do, once; later only see to the address of the webhooks."""
    hook = settings.HOME / HOOK
    hook.write_text(urljoin(f"{simulator_url.rstrip('/')}/", "v1/hooks") + "\n")
    if Membership.objects.exists() or Channel.objects.exists():
        return
    for team, name, role in cast.MEMBERS:
        set_member(actor=SYSTEM, team=Team.objects.get(name=team), user=_person(name), role=role)
    for row in cast.CHANNELS:
        create_channel(
            actor=SYSTEM,
            name=row.name,
            kind="webhook",
            address=f"file:{hook.absolute()}",
            team=Team.objects.get(name=row.team) if row.team else None,
            quiet=row.quiet,
        )
    with clock.pretending(now - _INVITED):
        _invite()
    with clock.pretending(now - _ASKED):
        _ask()
    with clock.pretending(now - timedelta(days=(now.weekday() - _THURSDAY) % 7 or 7)):
        _correct()


def _invite() -> None:
    team, by, email = cast.INVITED
    actor, into = actor_of_person(_person(by)), Team.objects.get(name=team)
    made, _ = invite(actor=actor, email=email, team=into, team_role="member", days=MOST_DAYS)
    Invitation.objects.filter(pk=made.pk).update(created_at=clock.now())


def _ask() -> None:
    """Ask for a third more of a team's budget, where it has a cap."""
    team, by, reason = cast.ASKED
    into = Team.objects.get(name=team)
    budget = Budget.objects.in_force().filter(scope="team", scope_id=into.pk).exclude(cap=None).first()
    if budget is not None and budget.cap:
        cap = amount.show(rounded_up(budget.cap * 4 / 3), unit_of(budget))
        ask_for_raise(actor=actor_of_person(_person(by)), budget=budget, cap=cap, reason=reason)


def _correct() -> None:
    """Correct what a team was charged, as an admin who has read a provider's invoice."""
    team, amount_usd, reason = cast.CORRECTED
    slug = Team.objects.get(name=team).slug
    adjustment.post(actor=SYSTEM, team=slug, amount=amount_usd, reason=reason, once="demo: invoice")


def _person(name: str) -> User:
    return User.objects.get(name=name)
