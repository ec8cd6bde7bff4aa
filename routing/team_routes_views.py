"""Which routes a team may ask for, on its page: a panel, and its form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from routing.models import Route
from routing.team_routes import set_team_routes


class TeamRoutesForm(forms.Form):
    """Every route, or those that are ticked."""

    which = forms.ChoiceField(
        choices=[("any", "Every route"), ("some", "Only these")],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    routes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Route.objects.values_list("pk", flat=True)
        field: Any = self.fields["routes"]
        field.choices = [(name, name) for name in names]


@require_GET
@needs("read")
def team_routes(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which routes a team's keys may ask for: a panel of its page."""
    team = get_object_or_404(Team.objects.seen_by(actor_of(request)), slug=slug)
    return _panel(request, team, TeamRoutesForm(initial=_initial(team)))


@require_POST
@needs("configure")
def team_routes_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Save which routes a team's keys may ask for."""
    team, form = get_object_or_404(Team, slug=slug), TeamRoutesForm(request.POST)
    if not form.is_valid():
        return _panel(request, team, form, 422)
    names = None if form.cleaned_data["which"] == "any" else form.cleaned_data["routes"]
    set_team_routes(actor=actor_of(request), team=team, names=names)
    messages.success(request, "Saved. It holds for the next calls of its keys.")
    return redirect("people:team_detail", team.slug)


def _initial(team: Team) -> dict[str, Any]:
    return {"which": "any" if team.allowed_routes is None else "some", "routes": team.allowed_routes or []}


def _panel(request: HttpRequest, team: Team, form: TeamRoutesForm, code: int = 200) -> HttpResponse:
    answer = render_page(
        request,
        page="routing/team_routes.html",
        partial="routing/_team_routes.html",
        context={"team": team, "form": form, "routes": Route.objects.values_list("pk", flat=True)},
    )
    answer.status_code = code
    return answer
