"""Pages of teams: who calls are made for and paid by."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.member_views import people_of
from llmhub.people.models import Team
from llmhub.people.team import create_team


class TeamForm(forms.Form):
    """A new team."""

    name = forms.CharField(
        max_length=100,
        help_text="A team, a product or a project: whoever calls are paid by.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    slug = forms.SlugField(
        label="Short name",
        max_length=64,
        required=False,
        help_text="Made from the name if left empty. Files, commands and the API use it; it stays.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@require_GET
@needs("read")
def team_list(request: HttpRequest) -> HttpResponse:
    """Every team by short name; searching swaps only the table."""
    query = request.GET.get("q", "").strip()
    seen = Team.objects.seen_by(actor_of(request))
    teams = seen.filter(name__icontains=query) if query else seen
    screen = screen_of(request, teams, by="slug")
    return render_page(
        request,
        page="people/team_list.html",
        partial="people/_team_table.html",
        context={"teams": screen.rows, "next_cursor": screen.next_cursor, "query": query},
    )


@require_http_methods(["GET", "POST"])
@needs("configure")
def team_new(request: HttpRequest) -> HttpResponse:
    """The form of a new team."""
    form = TeamForm(request.POST or None)
    if form.is_valid():
        try:
            team = create_team(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{team.name} is there. Make its first key.")
            return redirect("people:team_detail", team.slug)
    return render(request, "people/team_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
@needs("read")
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One team and its people; its spend, budgets and keys are panels that `billing` renders."""
    actor = actor_of(request)
    team = get_object_or_404(Team.objects.seen_by(actor), slug=slug)
    return render(request, "people/team_detail.html", {"team": team, **people_of(team, actor)})
