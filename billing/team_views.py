"""What billing knows of a team: a panel of its page, and a page of its own."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing import spend
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people import organisation
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team


@require_GET
@needs("read")
def team_spend(request: HttpRequest, slug: str) -> HttpResponse:
    """What the calls of a team cost so far, and how they went."""
    team = get_object_or_404(Team.objects.seen_by(actor_of(request)), slug=slug)
    now, zone = clock.now(), ZoneInfo(organisation.current().time_zone)
    context = {
        "team": team,
        "now": spend.overview(now, zone, teams=frozenset({team.pk})),
        "today": timezone.localdate(now, zone),
    }
    return render_page(
        request, page="billing/team_spend.html", partial="billing/_team_spend.html", context=context
    )
