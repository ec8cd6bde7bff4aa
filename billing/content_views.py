"""Pages of what is said in calls: the switch of a team, and the content of one call."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from billing import content_words, record
from billing.content_consent import MOST_DAYS, switch_off, switch_on
from billing.content_forms import ContentForm, EndForm, now_as_form
from billing.content_read import Content, NotKept, open_content
from billing.content_state import of_team
from llmhub.lib import clock, forms, ids
from llmhub.lib.pages import render_page
from llmhub.lib.secrets import Undecryptable
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from llmhub.people.roles import reach


@require_GET
@needs("read")
def team_content(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether what is said in a team's calls is kept: a panel of its page."""
    team = get_object_or_404(Team.objects.seen_by(actor_of(request)), slug=slug)
    state = of_team(team, now=clock.now())
    return render_page(
        request,
        page="billing/team_content.html",
        partial="billing/_team_content.html",
        context={"content": state, "team": state.team, "most_days": MOST_DAYS},
    )


@require_http_methods(["GET", "POST"])
@needs("own")
def team_content_on(request: HttpRequest, slug: str) -> HttpResponse:
    """The form that has what is said in a team's calls kept for a while."""
    state = of_team(get_object_or_404(Team, slug=slug), now=clock.now())
    form = ContentForm(request.POST or None, initial=now_as_form(state, clock.now()))
    if form.is_valid():
        try:
            switch_on(actor=actor_of(request), team=state.team, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Saved. Calls are kept with what is said in them, from the next on.")
            return redirect("people:team_detail", slug)
    context = {"form": form, "content": state, "team": state.team}
    return render(request, "billing/team_content_on.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@needs("own")
def team_content_off(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask what becomes of what was kept, and keep nothing more."""
    state = of_team(get_object_or_404(Team, slug=slug), now=clock.now())
    form = EndForm(request.POST or None)
    if form.is_valid():
        keeps = form.cleaned_data["kept"] == "keep"
        deleted = switch_off(actor=actor_of(request), team=state.team, keeps=keeps)
        gone = "What was kept stays until its day." if keeps else f"Content of {deleted} calls was deleted."
        messages.success(request, f"Nothing more is kept. {gone}")
        return redirect("people:team_detail", slug)
    context = {"form": form, "content": state, "team": state.team}
    return render(request, "billing/team_content_off.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_GET
@needs("read")
def request_content(request: HttpRequest, request_id: str) -> HttpResponse:
    """Show what was said in one call; that somebody looked is written down."""
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=reach(actor_of(request)))
    if found is None or row_id is None:
        raise Http404(f"There is no request {request_id[:40]!r}.")
    content: Content | None = None
    context = {"row": found.row, "record": found.row.record}
    try:
        content = open_content(actor=actor_of(request), row_id=row_id)
    except NotKept as error:
        raise Http404(str(error)) from error
    except Undecryptable:
        pass  # the page says so
    else:
        context |= {
            "asked": content_words.asked(content.request),
            "answered": content_words.answered(content.answer),
        }
    return render_page(
        request,
        page="billing/request_content.html",
        partial="billing/_request_content.html",
        context=context | {"content": content},
    )
