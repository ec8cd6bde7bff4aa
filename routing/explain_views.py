"""Pages that say where a call goes and why: of a request that was made, and of one to come."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from billing import record
from catalog.models import PublicName
from llmhub.lib import ids
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import reach
from routing.explain_ahead import CannotAnswer, ask, whose
from routing.explain_forms import ExplainForm
from routing.explain_read import of_request


@require_GET
@needs("read")
def request_plan(request: HttpRequest, request_id: str) -> HttpResponse:
    """Say why a request went where it went: a panel of its page, and a page of its own."""
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=reach(actor_of(request)))
    if found is None:
        raise Http404(f"There is no request {request_id[:40]!r}.")
    return render_page(
        request,
        page="routing/request_plan.html",
        partial="routing/_plan.html",
        context={"plan": of_request(found), "row": found.row, "is_made": True},
    )


@never_cache
@sensitive_post_parameters("body")
@require_http_methods(["GET", "POST"])
@needs("read")
def explain(request: HttpRequest) -> HttpResponse:
    """Say where a call would go; nothing is sent. Its body is posted, so that no address has it."""
    actor = actor_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    form = ExplainForm(asked if "model" in asked else None, actor=actor)
    plan, problem = None, ""
    if form.is_valid():
        try:
            key = form.cleaned_data["key"]
            team = form.cleaned_data["team"]
            team, key = whose(actor, team=team.slug if team else "", key_id=key.pk if key else None)
            plan = ask(form.question(), team=team, key=key, shows_all=reach(actor) is None)
        except CannotAnswer as error:
            problem = str(error)
    elif form.is_bound:
        problem = " ".join(str(text) for texts in form.errors.values() for text in texts)
    return render_page(
        request,
        page="routing/explain.html",
        partial="routing/_plan.html",
        context={
            "form": form,
            "plan": plan,
            "problem": problem,
            "is_made": False,
            "names": PublicName.objects.order_by("name").values_list("name", flat=True),
        },
        status=422 if problem and request.method == "POST" else 200,
    )
