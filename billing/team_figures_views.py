"""What the list of teams shows of their money."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.team_figures import MOST, figures_of
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team


@require_GET
@needs("read")
def team_figures(request: HttpRequest) -> HttpResponse:
    """What some teams spent this month, and their tightest budgets: cells of the list, or a page."""
    teams = Team.objects.seen_by(actor_of(request)).order_by("slug")
    if wanted := request.GET.getlist("team"):
        teams = teams.filter(slug__in=wanted[:MOST])
    zone = ZoneInfo(timezone.get_current_timezone_name())
    found = figures_of(list(teams[:MOST]), now=clock.now(), zone=zone)
    return render_page(
        request,
        page="billing/team_figures.html",
        partial="billing/_team_figures.html",
        context={"figures": found, "now": clock.now()},
    )
