"""Answer a page, or only the part of it that htmx asked for; list rows one screen at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

M = TypeVar("M", bound=Model)


def render_page(
    request: HttpRequest, *, page: str, partial: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render `partial` for an htmx swap, else the whole `page`; caches are told that both exist.

    A history restore also sends HX-Request, but wants the whole page.
    """
    htmx: Any = getattr(request, "htmx", None)
    swap = bool(htmx) and not htmx.history_restore_request and not htmx.boosted
    response = render(request, partial if swap else page, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@dataclass(frozen=True)
class Screen(Generic[M]):
    """One screen of a list, and where the next one begins."""

    rows: Sequence[M]
    next_cursor: str  # "" at the end


def keyset(rows: QuerySet[M], *, by: str, after: str = "", limit: int = 50) -> Screen[M]:
    """Return one screen of `rows` ordered by the unique field `by`; `-id` begins with the newest.

    `after` is the `next_cursor` of the screen before. It costs the same at any depth.
    Raises `ValueError` on a cursor that does not fit the field.
    """
    descending, field = by.startswith("-"), by.lstrip("-")
    if after:
        column: Any = rows.model._meta.get_field(field)
        value = column.to_python(after)
        rows = rows.filter(**{f"{field}__{'lt' if descending else 'gt'}": value})
    found = list(rows.order_by(by)[: limit + 1])
    more = len(found) > limit
    screen = found[:limit]
    return Screen(rows=screen, next_cursor=str(getattr(screen[-1], field)) if more else "")


def screen_of(request: HttpRequest, rows: QuerySet[M], *, by: str, limit: int = 50) -> Screen[M]:
    """Return the screen of a list that `?cursor=` asks for.

    Raises `Http404` on a cursor that this list never gave.
    """
    try:
        return keyset(rows, by=by, after=request.GET.get("cursor", ""), limit=limit)
    except (ValueError, ValidationError) as exc:
        raise Http404("this place in the list does not exist: begin at its first page") from exc
