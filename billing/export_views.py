"""Pages of exports: make one, see how far it is, save its file."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.export import create_export, may_read, may_remove, path_of, readable_by, remove_export
from billing.export_forms import ExportForm
from billing.export_models import Export
from llmhub.lib import clock, forms
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs

_SHOWN = 50
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@require_http_methods(["GET", "POST"])
@needs("read")
def export_list(request: HttpRequest) -> HttpResponse:
    """The newest exports and the form of another one; while one runs, the table follows it."""
    month = timezone.localtime(clock.now()).date().replace(day=1)
    form = ExportForm(
        request.POST or None, initial={"since": month, "until": timezone.localtime(clock.now()).date()}
    )
    if form.is_valid():
        try:
            create_export(actor=actor_of(request), **form.values())
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "The export is being made. It stands here when it is ready.")
            return redirect("billing:export_list")
    actor = actor_of(request)
    found = readable_by(actor, list(Export.objects.all()[:_SHOWN]))
    return render_page(
        request,
        page="billing/export_list.html",
        partial="billing/_export_table.html",
        context={
            "form": form,
            "exports": found,
            "removable": {each.pk for each in found if may_remove(actor, each)},
            "is_open": any(_is_open(each) for each in found),
        },
        status=422 if form.is_bound else 200,
    )


@never_cache
@require_GET
@needs("read")
def export_file(request: HttpRequest, export_id: int) -> HttpResponse:
    """The file of an export that is ready, to be saved."""
    return cast("HttpResponse", file_answer(_readable(request, export_id)))


@require_POST
@needs("read")
def export_remove(request: HttpRequest, export_id: int) -> HttpResponse:
    """Delete the file of an export, or stop it while it is being made."""
    remove_export(actor=actor_of(request), export=_readable(request, export_id))
    messages.success(request, "Deleted.")
    return redirect("billing:export_list")


def file_answer(export: Export) -> FileResponse:
    """Return the file of an export as an attachment. Raises `Http404` where there is none."""
    path = path_of(export)
    if export.state != Export.State.DONE or not path.exists():
        raise Http404(f"Export {export.pk} has no file here: it is {export.get_state_display().lower()}.")
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename=export.file_name, content_type=TYPES[export.format]
    )
    answer["X-Content-SHA256"] = export.sha256
    return answer


def _readable(request: HttpRequest, export_id: int) -> Export:
    export = get_object_or_404(Export, pk=export_id)
    if not may_read(actor_of(request), export):
        raise Http404("There is no such export.")
    return export


def _is_open(export: Export) -> bool:
    return export.state in (Export.State.WAITING, Export.State.RUNNING)
