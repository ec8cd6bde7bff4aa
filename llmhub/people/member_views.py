"""What is done on the page of a team: let people in, change what they may do, take them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people import invitation
from llmhub.people.access import actor_of, needs
from llmhub.people.membership import remove_member, set_member
from llmhub.people.models import Membership, Team, TeamRole, User
from llmhub.people.roles import NotAllowed, allowed, require_team_role


@dataclass(frozen=True)
class MemberRow:
    """A person of a team as its page shows them."""

    membership: Membership
    own_keys: int  # of this team, not revoked
    may_change: bool


class MemberForm(forms.Form):
    """Somebody who has an account, and what they may do in a team."""

    email = forms.EmailField(max_length=254)
    role = forms.ChoiceField(choices=TeamRole)


def grantable(actor: Actor, team: Team) -> list[tuple[str, str]]:
    """Return the roles that `actor` may give in a team, with their labels."""
    return [(value, label) for value, label in TeamRole.choices if _may_give(actor, team, value)]


def _may_give(actor: Actor, team: Team, role: str) -> bool:
    try:
        require_team_role(actor, role, team=team.pk)
    except NotAllowed:
        return False
    return True


def people_of(team: Team, actor: Actor) -> dict[str, Any]:
    """Return what the page of a team shows about its people."""
    rows = Membership.objects.filter(team=team).select_related("user").order_by("user__email")
    keys: dict[int, int] = {}
    for person_id in User.objects.filter(keys__team=team, keys__revoked_at=None).values_list("pk", flat=True):
        keys[person_id] = keys.get(person_id, 0) + 1
    may_manage = allowed(actor, "manage", team=team.pk)
    waiting = invitation.opened(clock.now()).filter(team=team).order_by("email") if may_manage else []
    return {
        "members": [
            MemberRow(row, keys.get(row.user_id, 0), may_change=_may_give(actor, team, row.role))
            for row in rows
        ],
        "roles": grantable(actor, team),
        "invitations": waiting,
        "may_manage": may_manage,
        "may_call": allowed(actor, "call", team=team.pk),
    }


@require_POST
@needs("manage")
def member_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Let somebody who has an account into a team, or change what they may do there."""
    actor = actor_of(request)
    team, form = get_object_or_404(Team.objects.seen_by(actor), slug=slug), MemberForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write an e-mail address and choose a role.")
        return redirect("people:team_detail", slug)
    email = form.cleaned_data["email"].strip().lower()
    person = User.objects.seen_by(actor).filter(email=email).first()
    if person is None:
        messages.error(request, f"You know nobody of the address {email} here: invite them by a link.")
        return redirect("people:team_detail", slug)
    try:
        set_member(actor=actor, team=team, user=person, role=form.cleaned_data["role"])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{person} is {form.cleaned_data['role']} of {team.name}.")
    return redirect("people:team_detail", slug)


@require_POST
@needs("read")
def member_remove(request: HttpRequest, slug: str, person_id: int) -> HttpResponse:
    """Take a person out of a team; their keys of it are revoked."""
    actor = actor_of(request)
    team = get_object_or_404(Team.objects.seen_by(actor), slug=slug)
    person = get_object_or_404(User.objects.filter(memberships__team=team), pk=person_id)
    count = remove_member(actor=actor, team=team, user=person)
    keys = f" {count} key{'' if count == 1 else 's'} of theirs end within seconds." if count else ""
    messages.success(request, f"{person} is no longer in {team.name}.{keys}")
    own = person_id == actor.id and not allowed(actor, "view")
    return redirect("people:team_list") if own else redirect("people:team_detail", slug)
