"""The page that says what a switch of models would meet, and makes it where an alias does."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_http_methods

from catalog.models import Alias, CatalogEntry
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, may_open, needs
from llmhub.people.roles import allowed
from routing.preflight import Evidence, Preflight
from routing.preflight_forms import PreflightForm
from routing.preflight_move import Move, move_of
from routing.preflight_probe import bound
from routing.preflight_run import run

_MOST_NAMES = 500  # offered while somebody types


@require_http_methods(["GET", "POST"])
@needs("read")
def preflight(request: HttpRequest) -> HttpResponse:
    """Say what a switch would meet; posting it asks the providers first. htmx gets the verdict alone."""
    asked = request.POST if request.method == "POST" else request.GET
    if not (asked.get("target") and asked.get("scope")):
        return _page(request, PreflightForm(initial=asked.dict(), actor=actor_of(request)))
    form = PreflightForm(asked, actor=actor_of(request))
    if not form.is_valid():
        return _page(request, form, status=422)
    said, probe = form.cleaned_data, request.POST.get("probe", "none")
    try:
        move = move_of(
            actor=actor_of(request),
            source=said["source"],
            target=said["target"],
            kind=said["scope"],
            name=said["name"],
        )
        found = run(move, actor=actor_of(request), probe=probe)
    except ValidationError as error:
        refuse(form, error)
        return _page(request, form, status=422)
    return _page(request, form, move=move, found=_openable(found, request))


def _page(
    request: HttpRequest,
    form: PreflightForm,
    *,
    move: Move | None = None,
    found: Preflight | None = None,
    status: int = 200,
) -> HttpResponse:
    curated = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)
    aliases = Alias.objects.values_list("name_id", flat=True)
    context = {
        "form": form,
        "names": [*aliases[:_MOST_NAMES], *curated.values_list("slug", flat=True)[:_MOST_NAMES]],
        "move": move,
        "found": found,
        "bound": bound(move.target) if move and allowed(actor_of(request), "configure") else None,
    }
    return render_page(
        request,
        page="routing/preflight.html",
        partial="routing/_preflight_verdict.html",
        context=context,
        status=status,
    )


def _openable(found: Preflight, request: HttpRequest) -> Preflight:
    """Return it without links to pages that the one who asks may not open."""
    checks = tuple(
        replace(check, evidence=tuple(_linked(each, request) for each in check.evidence))
        for check in found.checks
    )
    return replace(found, checks=checks)


def _linked(each: Evidence, request: HttpRequest) -> Evidence:
    if not each.path:
        return each
    try:
        name = resolve(urlsplit(each.path).path).view_name
    except Resolver404:
        return replace(each, path="")
    return each if may_open(request, name, urlsplit(each.path).path) else replace(each, path="")
