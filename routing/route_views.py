"""Pages of routes: the list, one route, and the form in which one is made, changed and tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.visible import teams_of
from catalog.models import CatalogEntry, Offer
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from providers.models import Provider
from routing.models import Route
from routing.route import change_route, create_route, remove_route
from routing.route_find import Said, find_targets
from routing.route_forms import LISTS, Line, RouteForm, SampleForm, after, lines_of, posted_lines
from routing.route_now import Draft, try_now
from routing.route_rows import DAYS, route_rows

_FIELDS = dict(zip(LISTS, ("targets", "over_budget"), strict=True))  # of the page: of `create_route`


@require_GET
@needs("read")
def route_list(request: HttpRequest) -> HttpResponse:
    """Every route with its targets, and what it cost lately."""
    screen = screen_of(request, Route.objects.with_targets(), by="name_id")
    rows = route_rows(screen.rows, now=clock.now(), teams=teams_of(actor_of(request)))
    context = {"rows": rows, "next_cursor": screen.next_cursor, "days": DAYS}
    return render_page(
        request, page="routing/route_list.html", partial="routing/_route_table.html", context=context
    )


@require_GET
@needs("read")
def route_detail(request: HttpRequest, name: str) -> HttpResponse:
    """One route: its targets with prices, how they are ranked, what a call like this one would do."""
    route = _found(name)
    (row,) = route_rows([route], now=clock.now(), teams=teams_of(actor_of(request)))
    context = {"row": row, "route": route, "days": DAYS, "requires": route.require}
    return render(request, "routing/route_detail.html", context)


@require_POST
@needs("configure")
def route_remove(request: HttpRequest) -> HttpResponse:
    """Take a route away."""
    route = _found(request.POST.get("name", ""))
    remove_route(actor=actor_of(request), route=route)
    messages.success(request, f"{route.pk} was removed: its name is free.")
    return redirect("routing:route_list")


@require_http_methods(["GET", "POST"])
@needs("configure")
def route_new(request: HttpRequest) -> HttpResponse:
    """The form of a new route."""
    draft = _draft(request, None)
    if draft.wants_to_save and draft.form.is_valid() and draft.save(None):
        return redirect("routing:route_detail", draft.form.cleaned_data["name"])
    return _form_page(request, draft, None)


@require_http_methods(["GET", "POST"])
@needs("configure")
def route_change(request: HttpRequest, name: str) -> HttpResponse:
    """The form of a route that is there."""
    route = _found(name)
    draft = _draft(request, route)
    if draft.wants_to_save and draft.form.is_valid() and draft.save(route):
        return redirect("routing:route_detail", route.pk)
    return _form_page(request, draft, route)


def _found(name: str) -> Route:
    return get_object_or_404(Route.objects.with_targets(), pk=name)


@dataclass
class Page:
    """A route as the form has it, saved or not."""

    request: HttpRequest
    form: RouteForm
    sample: SampleForm
    lines: dict[str, list[Line]]
    do: str = ""  # the button that was pressed
    errors: dict[str, list[str]] = field(default_factory=dict)  # of the lists of targets
    adding: dict[str, str] = field(default_factory=dict)  # what was typed and not added

    @property
    def wants_to_save(self) -> bool:
        """Whether it was posted to be saved."""
        return self.do == "save"

    def said(self) -> dict[str, list[Said]]:
        """Return the targets as they are looked up; what cannot be read is an error of its list."""
        found: dict[str, list[Said]] = {}
        for name, lines in self.lines.items():
            try:
                found[name] = [line.said for line in lines]
            except ValueError as wrong:
                self.errors[name] = [str(wrong)]
        return found

    def save(self, route: Route | None) -> bool:
        """Save it, or show at their fields what is refused."""
        said = self.said()
        if self.errors:
            return False
        actor, facts = actor_of(self.request), dict(self.form.cleaned_data)
        name = facts.pop("name")
        try:
            for page_field, lines in said.items():
                facts[_FIELDS[page_field]] = find_targets(lines, field=_FIELDS[page_field])
            if route is None:
                create_route(actor=actor, name=name, **facts)
            else:
                change_route(actor=actor, route=route, **facts)
        except ValidationError as error:
            self._refuse(error)
            return False
        messages.success(self.request, f"{name} is saved: calls follow within seconds.")
        return True

    def _refuse(self, error: ValidationError) -> None:
        by_field = error.message_dict if hasattr(error, "error_dict") else {}
        for name, wanted in _FIELDS.items():
            if wanted in by_field:
                self.errors[name] = [f"{text[:1].upper()}{text[1:]}." for text in by_field[wanted]]
        if not self.errors:
            refuse(self.form, error)


def _draft(request: HttpRequest, route: Route | None) -> Page:
    actor = actor_of(request)
    visible = teams_of(actor)
    teams = Team.objects.order_by("name") if visible is None else Team.objects.filter(pk__in=visible)
    if request.method != "POST":
        start = RouteForm(initial=RouteForm.facts_of(route)) if route else RouteForm()
        lines = {
            "to": lines_of(route, is_for_want=False) if route else _asked_for(request),
            "over": lines_of(route, is_for_want=True) if route else [],
        }
        return Page(request, start, SampleForm(teams=teams), lines)
    given, do = request.POST.copy(), _pressed(request)
    if route is not None:
        given["name"] = route.pk
    adding = {name: "" if do == f"{name}-add" else given.get(f"{name}_new", "") for name in LISTS}
    lines = {name: after(do, name, posted_lines(given, name), given.get(f"{name}_new", "")) for name in LISTS}
    form = RouteForm(given) if do == "save" else RouteForm(initial=_typed(given))
    return Page(request, form, SampleForm(given, teams=teams), lines, do, adding=adding)


def _pressed(request: HttpRequest) -> str:
    """Return the button; Enter in a field adds what was typed to be added, else it tries."""
    do = request.POST.get("do", "")
    if do != "enter":
        return do
    return next((f"{name}-add" for name in LISTS if request.POST.get(f"{name}_new", "").strip()), "try")


def _typed(given: Any) -> dict[str, Any]:
    """Return what was typed as the form goes on with it: nothing is judged until it is saved."""
    typed: dict[str, Any] = {name: given.get(name, "") for name in RouteForm.base_fields}
    typed["require"] = given.getlist("require")
    return typed | {name: bool(given.get(name)) for name in ("keeps_sessions", "escalates")}


def _asked_for(request: HttpRequest) -> list[Line]:
    """Return the targets that the address names, so that a link can begin a route."""
    return [Line(text[:300]) for text in request.GET.getlist("to")[:10]]


def _form_page(request: HttpRequest, draft: Page, route: Route | None) -> HttpResponse:
    failed = draft.wants_to_save
    said = draft.said()
    typed = Draft(said.get("to", ()), said.get("over", ()), **draft.form.typed())
    trial = try_now(typed, draft.sample.sample(), team_id=draft.sample.team_id())
    context = {
        "route": route,
        "form": draft.form,
        "sample": draft.sample,
        "trial": trial,
        "lists": [
            {"field": name, "lines": draft.lines[name], "errors": draft.errors.get(name),
             "adding": draft.adding.get(name, "")}
            for name in LISTS
        ],
        "choices": _choices(),
        "unsaved": bool(draft.do) and not failed,
    }  # fmt: skip
    return render_page(
        request,
        page="routing/route_form.html",
        partial="routing/_route_trial.html" if draft.do == "try" else "routing/route_form.html",
        context=context,
        status=422 if failed else 200,
    )


def _choices() -> list[str]:
    """Return what a target can be: every model that can be called, and each at its providers."""
    offers = Offer.objects.filter(withdrawn_at=None, provider__removed_at=None, entry__withdrawn_at=None)
    pairs = offers.filter(entry__source=CatalogEntry.Source.CURATED).order_by("entry__slug", "rank")
    found: dict[str, list[str]] = {}
    for slug, provider in pairs.values_list("entry__slug", "provider__slug"):
        found.setdefault(slug, []).append(provider)
    return [
        text
        for slug, providers in found.items()
        for text in (slug, *(f"{slug} at {each}" for each in dict.fromkeys(providers)))
    ]


@require_GET
@needs("read")
def model_routes(request: HttpRequest, slug: str) -> HttpResponse:
    """The routes that list a model: a panel of its page."""
    entry = get_object_or_404(CatalogEntry, slug=slug)
    routes = Route.objects.filter(targets__entry=entry).distinct().order_by("name")
    context = {"entry": entry, "routes": routes, "brief": bool(request.GET.get("brief"))}
    return render_page(
        request, page="routing/routes_of.html", partial="routing/_routes.html", context=context
    )


@require_GET
@needs("view")
def provider_routes(request: HttpRequest, slug: str) -> HttpResponse:
    """The routes that send calls to one provider whatever else offers the model: a panel of its page."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    routes = Route.objects.filter(targets__provider=provider).distinct().order_by("name")
    context = {"provider": provider, "routes": routes}
    return render_page(
        request, page="routing/routes_of.html", partial="routing/_routes.html", context=context
    )
