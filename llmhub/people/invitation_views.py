"""Pages of invitations: make a link (shown once), take it back, accept it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import screen_of
from llmhub.people import invitation as invitations
from llmhub.people.access import actor_of, needs
from llmhub.people.arrival import arrive
from llmhub.people.models import Invitation, Role, Team, TeamRole, User
from llmhub.people.roles import allowed, reach


class InvitationForm(forms.Form):
    """Whom to let in, and to what."""

    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="slug", empty_label=None)
    team_role = forms.ChoiceField(
        label="Role in the team",
        choices=TeamRole,
        initial=TeamRole.MEMBER,
        help_text="A viewer reads what the team has, a member also makes keys of their own, a manager also "
        "manages its keys, budgets and people.",
    )
    role = forms.ChoiceField(
        label="Role in the organisation",
        choices=Role,
        initial=Role.MEMBER,
        help_text="A member has only what their teams give. A viewer reads everything, an admin also changes "
        "the hub, an owner also lets people in.",
    )
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=invitations.MOST_DAYS,
        initial=invitations.DAYS,
        help_text="How long the link works.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset = Team.objects.within(reach(actor, "manage"))
        if allowed(actor, "own"):
            team.required, team.empty_label = False, "No team"
        else:
            del self.fields["role"]

    def values(self) -> dict[str, Any]:
        """Return what was asked for; without a team there is no role in one."""
        asked = dict(self.cleaned_data)
        return asked if asked["team"] else {**asked, "team_role": ""}


class AcceptForm(forms.Form):
    """How the new person is called."""

    name = forms.CharField(
        max_length=100, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


@require_GET
@needs("manage")
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Every invitation of the teams that one manages, newest first."""
    screen = screen_of(request, invitations.seen_by(actor_of(request)), by="-id")
    context = {"invitations": screen.rows, "next_cursor": screen.next_cursor, "now": clock.now()}
    return render(request, "people/invitation_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("manage")
def invitation_new(request: HttpRequest) -> HttpResponse:
    """The form of a new invitation; its answer shows the link, once."""
    actor = actor_of(request)
    form = InvitationForm(request.POST or None, initial={"team": request.GET.get("team", "")}, actor=actor)
    if form.is_valid():
        try:
            made, token = invitations.invite(actor=actor, **form.values())
        except ValidationError as error:
            refuse(form, error)
        else:
            context = {"invitation": made, "link": invitations.link_address(token)}
            return render(request, "people/invitation_made.html", context)
    status = 422 if form.is_bound else 200
    return render(request, "people/invitation_new.html", {"form": form}, status=status)


@require_POST
@needs("manage")
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Let a link let nobody in."""
    actor = actor_of(request)
    found: Invitation = get_object_or_404(invitations.seen_by(actor), pk=invitation_id)
    invitations.revoke(actor=actor, invitation=found)
    messages.success(request, f"The link for {found.email} lets nobody in any more.")
    return redirect("people:invitation_list")


@never_cache
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Come in by a link; only the button uses it up, a preview of the link does not."""
    user = request.user if isinstance(request.user, User) else None
    try:
        found = invitations.find(token)
        known = User.objects.filter(email__iexact=found.email).first()
        if known is not None and known != user:
            raise invitations.SignInFirst(found.email)
        form = AcceptForm(request.POST or None)
        if request.method == "POST" and (known is not None or form.is_valid()):
            name = "" if known else form.cleaned_data["name"]
            return _let_in(request, invitations.accept(token, name=name, user=user), is_new=known is None)
    except invitations.NotUsable as error:
        return render(request, "people/invitation_accept.html", {"error": str(error)}, status=410)
    except invitations.SignInFirst as error:
        there = f"{reverse('people:sign_in')}?{urlencode({'next': request.path})}"
        refused = {"error": str(error), "sign_in": there, "signed_in": user}
        return render(request, "people/invitation_accept.html", refused, status=409)
    context = {"invitation": found, "form": form, "known": known}
    status = 422 if form.is_bound else 200
    return render(request, "people/invitation_accept.html", context, status=status)


def _let_in(request: HttpRequest, person: User, *, is_new: bool) -> HttpResponse:
    if not is_new:
        messages.success(request, "You are in.")
        return redirect("people:team_list")
    where = arrive(request, person, by="link", target=reverse("people:profile"))
    messages.info(request, "You are in. Set a password to sign in next time.")
    return redirect(where)
