"""Pages of the catalog: find a model, see what it is, what it costs and how to call it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.alias import add_alias, remove_alias
from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.compare import MOST_COMPARED
from catalog.entry import withdraw_entry
from catalog.forms import AliasForm, PromoteForm
from catalog.model_search import BadCursor, Found, search
from catalog.model_toml import toml_of
from catalog.models import Alias, CatalogEntry
from catalog.parameter_views import panel
from catalog.search_form import SearchForm
from catalog.words import CAPABILITIES
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from providers.models import Provider


@require_GET
@needs("read")
def model_list(request: HttpRequest) -> HttpResponse:
    """Every model, curated and discovered; searching and filtering swap only what was found."""
    form = SearchForm(request.GET)
    query = form.query()
    try:
        found = search(query, cursor=request.GET.get("cursor", ""))
    except BadCursor as error:
        raise Http404("this place in the list does not exist: begin at its first page") from error
    chosen = [slug for slug in request.GET.getlist("id") if len(slug) <= 200][:MOST_COMPARED]
    context = {
        "found": found,
        "rows": found.rows,
        "next_cursor": found.next_cursor,
        "form": form,
        "query": query,
        "tabs": _tabs(found),
        "chosen": chosen,
        "kept": [slug for slug in chosen if slug not in {row.entry.slug for row in found.rows}],
    }
    return render_page(
        request, page="catalog/model_list.html", partial="catalog/_model_table.html", context=context
    )


def _tabs(found: Found) -> list[dict[str, Any]]:
    """Return the sources a list can be narrowed to, with how many models of each fit."""
    curated, discovered = (found.by_source.get(source, 0) for source in CatalogEntry.Source)
    return [
        {"value": "", "label": "All", "count": curated + discovered},
        {"value": "curated", "label": "In the catalog", "count": curated},
        {"value": "discovered", "label": "Discovered", "count": discovered},
    ]


def _get(slug: str) -> EntryNow:
    rows = CatalogEntry.objects.filter(slug=slug).prefetch_related(offers_with_providers())
    return entries_now([get_object_or_404(rows)], clock.now())[0]


@require_GET
@needs("read")
def model_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One model: facts, offers with prices, aliases, and a call to copy."""
    return _detail(request, _get(slug))


def _detail(
    request: HttpRequest, row: EntryNow, form: AliasForm | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        **panel(row),
        "row": row,
        "aliases": row.entry.aliases.all(),
        "alias_form": form or AliasForm(),
        "promote_form": PromoteForm(),
        "toml": toml_of(row),
        "capabilities": [CAPABILITIES.get(word, word) for word in row.entry.capabilities],
        "base_url": f"{settings.PUBLIC_URL}/v1",
        "model": row.entry.slug,
        "providers": Provider.objects.listed(),
    }
    return render(request, "catalog/model_detail.html", context, status=status)


@require_POST
@needs("configure")
def alias_add(request: HttpRequest) -> HttpResponse:
    """Give a model another name."""
    row, form = _get(request.POST.get("model", "")), AliasForm(request.POST)
    if form.is_valid():
        try:
            add_alias(actor=actor_of(request), name=form.cleaned_data["name"], entry=row.entry)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} now means {row.entry.slug}.")
            return redirect("catalog:model_detail", row.entry.slug)
    return _detail(request, row, form, 422)


@require_POST
@needs("configure")
def alias_remove(request: HttpRequest) -> HttpResponse:
    """Take an alias away."""
    alias = get_object_or_404(Alias.objects.select_related("entry"), pk=request.POST.get("name", ""))
    slug, name = alias.entry.slug, alias.pk
    remove_alias(actor=actor_of(request), alias=alias)
    messages.success(request, f"{name} is no name of {slug} any more.")
    return redirect("catalog:model_detail", slug)


@require_POST
@needs("configure")
def model_withdraw(request: HttpRequest) -> HttpResponse:
    """Take a model out of the catalog; its records stay."""
    entry = get_object_or_404(CatalogEntry, slug=request.POST.get("model", ""))
    try:
        withdraw_entry(actor=actor_of(request), entry=entry)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("catalog:model_detail", entry.slug)
    messages.success(request, f"{entry.slug} was withdrawn.")
    return redirect("catalog:model_list")
