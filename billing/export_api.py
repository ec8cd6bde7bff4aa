"""Exports in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import AwareDatetime, Field

from billing.export import create_export, may_read, readable_by, remove_export
from billing.export_models import Export
from billing.export_views import file_answer
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller

router = Router()
ExportId = Annotated[int, Field(ge=0, lt=2**63)]


class ExportIn(Input):
    """Which calls, as what: `until` is where the range ends, that moment not included."""

    since: AwareDatetime
    until: AwareDatetime
    of: Literal["requests", "attempts"] = "requests"
    columns: Literal["native", "focus"] = "native"
    format: Literal["csv", "jsonl"] = "csv"


class ExportOut(Output):
    """One export and how far it is; its file is at `/exports/{id}/file` when it is done."""

    id: int
    state: str
    of: str
    columns: str
    format: str
    since: datetime
    until: datetime
    rows: int
    bytes: int
    percent: int
    sha256: str
    problem: str
    made_by: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


def export_out(row: Export) -> ExportOut:
    """Return an export as programs read it."""
    return ExportOut.model_validate({name: getattr(row, name) for name in ExportOut.model_fields})


@router.get("/exports", response={200: Page[ExportOut], **REFUSALS})
def list_exports(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[ExportOut]:
    """List exports, the newest first."""
    actor = caller(request, "read")
    found = page(Export.objects.all(), lambda row: row, by="-id", cursor=cursor, limit=limit)
    rows = readable_by(actor, found.data)
    return Page(data=[export_out(row) for row in rows], next_cursor=found.next_cursor)


@router.post("/exports", response={201: ExportOut, **REFUSALS})
def add_export(request: HttpRequest, body: ExportIn) -> tuple[int, ExportOut]:
    """Have a file made in the background, of the calls that the caller may see."""
    made = create_export(
        actor=caller(request, "read"),
        since=body.since,
        until=body.until,
        of=body.of,
        columns=body.columns,
        file_format=body.format,
    )
    return 201, export_out(made)


@router.get("/exports/{export_id}", response={200: ExportOut, **REFUSALS})
def show_export(request: HttpRequest, export_id: ExportId) -> ExportOut:
    """Show one export and how far it is."""
    return export_out(_readable(request, export_id))


@router.get("/exports/{export_id}/file", response=REFUSALS)
def save_export(request: HttpRequest, export_id: ExportId) -> FileResponse:
    """Answer with the file; `X-Content-SHA256` is its digest."""
    return file_answer(_readable(request, export_id))


@router.delete("/exports/{export_id}", response={204: None, **REFUSALS})
def delete_export(request: HttpRequest, export_id: ExportId) -> tuple[int, None]:
    """Delete the file, or stop it while it is being made."""
    remove_export(actor=caller(request, "read"), export=_readable(request, export_id))
    return 204, None


def _readable(request: HttpRequest, export_id: int) -> Export:
    actor = caller(request, "read")
    export = get_object_or_404(Export, pk=export_id)
    if not may_read(actor, export):
        raise Http404(f"no export {export_id}")
    return export
