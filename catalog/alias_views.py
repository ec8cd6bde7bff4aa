"""Pages of aliases: what each name stands for, and what would change if it stood for another model."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.alias import add_alias, move_alias
from catalog.compare import Row, compare
from catalog.forms import NewAliasForm
from catalog.model_search import models
from catalog.models import Alias, CatalogEntry, EntryQuerySet
from catalog.names import nearest
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs

_MOST_NAMES = 500  # offered while somebody types


@require_GET
@needs("read")
def alias_list(request: HttpRequest) -> HttpResponse:
    """Every alias with the model it stands for."""
    return _list(request)


@require_POST
@needs("configure")
def alias_new(request: HttpRequest) -> HttpResponse:
    """Give a model another name, from the list of aliases."""
    form = NewAliasForm(request.POST)
    if form.is_valid():
        name, entry = form.cleaned_data["name"], form.cleaned_data["model"]
        try:
            add_alias(actor=actor_of(request), name=name, entry=entry)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{name} now stands for {entry.slug}.")
            return redirect("catalog:alias_list")
    return _list(request, form, 422)


def _list(request: HttpRequest, form: NewAliasForm | None = None, status: int = 200) -> HttpResponse:
    screen = screen_of(request, Alias.objects.select_related("entry"), by="name_id")
    context = {
        "rows": screen.rows,
        "next_cursor": screen.next_cursor,
        "form": form or NewAliasForm(initial={"model": request.GET.get("to", "")}),
        "names": _curated().values_list("slug", flat=True)[:_MOST_NAMES],
    }
    return render_page(
        request,
        page="catalog/alias_list.html",
        partial="catalog/_alias_table.html",
        context=context,
        status=status,
    )


@require_http_methods(["GET", "POST"])
@needs("configure")
def alias_move(request: HttpRequest) -> HttpResponse:
    """Show what would change if an alias stood for another model; posting it makes it so."""
    given = request.POST if request.method == "POST" else request.GET
    alias = get_object_or_404(Alias.objects.select_related("entry"), pk=given.get("name", ""))
    wanted = given.get("model", "").strip()
    entry = _curated().filter(slug=wanted).first()
    if entry is None:
        near = nearest(wanted, _curated().values_list("slug", flat=True))
        hint = f"did you mean {', '.join(near)}?" if near else "choose one of the list."
        return _preview(
            request, alias, None, error=f"There is no model {wanted!r} to call: {hint}", status=422
        )
    if request.method == "POST":
        try:
            move_alias(actor=actor_of(request), alias=alias, entry=entry)
        except ValidationError as refusal:
            return _preview(request, alias, entry, error=" ".join(refusal.messages), status=422)
        messages.success(request, f"{alias.name_id} now stands for {entry.slug}.")
        return redirect("catalog:alias_list")
    return _preview(request, alias, entry)


def _curated() -> EntryQuerySet:
    return CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)


def _preview(
    request: HttpRequest, alias: Alias, entry: CatalogEntry | None, *, error: str = "", status: int = 200
) -> HttpResponse:
    rows = models([alias.entry.slug, entry.slug]) if entry else []
    beside = compare(rows) if len(rows) == 2 else None
    changes: list[Row] = []
    if beside:
        changes = [
            fact for fact in (*beside.facts, *beside.abilities) if fact.differs and fact.label != "Family"
        ]
    context = {
        "alias": alias,
        "entry": entry,
        "comparison": beside,
        "changes": changes,
        "lost": [fact for fact in changes if fact.values[0] is True and fact.values[1] is not True],
        "error": error,
        "names": _curated().values_list("slug", flat=True),
    }
    return render(request, "catalog/alias_move.html", context, status=status)
