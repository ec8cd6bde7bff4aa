"""Adjustments in the management API: corrections of what was charged."""

from __future__ import annotations

import secrets
from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import AwareDatetime, Field

from billing import adjustment, reprice
from billing.adjustment import MAX_ONCE
from billing.adjustment_read import rows_of, seen_by
from billing.adjustment_shapes import AdjustmentOut, RepricingOut, adjustment_out, repricing_out
from billing.visible import teams_of
from llmhub.lib import ids
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Input, Limit, Page, page
from llmhub.people.api_access import caller
from llmhub.people.roles import require

router = Router()
Word = Annotated[str, Field(max_length=200)]
Once = Annotated[
    str, Field(max_length=MAX_ONCE, description="a key of yours: a repeated post with it counts once")
]


class AdjustmentIn(Input):
    """A correction: of a request, or of a team or a provider (or both) in a month, this one by default."""

    amount: Annotated[str, Field(max_length=40, description="USD; below 0 where too much was charged")]
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    request: Annotated[str, Field(max_length=40, description="req_…")] = ""
    team: Annotated[str, Field(max_length=64)] = ""
    provider: Annotated[str, Field(max_length=64)] = ""
    month: Annotated[str, Field(max_length=7, description="2026-03; of a request, only its own")] = ""
    once: Once = ""


class RepricingIn(Input):
    """Calls to a model at a provider, to be priced anew by the price that is in force there now.

    Without `post` it only says what differs.
    """

    provider: Annotated[str, Field(max_length=64)]
    model: Word
    since: AwareDatetime
    until: AwareDatetime
    reason: Annotated[str, Field(max_length=300)] = ""
    once: Once = ""
    in_their_months: Annotated[bool, Field(description="also those of months that have ended")] = False
    post: bool = False


@router.get("/adjustments", response={200: Page[AdjustmentOut], **REFUSALS})
def list_adjustments(
    request: HttpRequest,
    of: Annotated[str, Field(max_length=40, description="req_…: of this request")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[AdjustmentOut]:
    """List corrections of what was charged, the last posted first."""
    found = seen_by(teams_of(caller(request, "read")))
    if of:
        row_id = ids.parse_request_id(of)
        if row_id is None:
            raise BadQuery(f"{of!r} is no request id")
        found = found.filter(corrects_id=row_id)
    screen = page(found, lambda row: row, by="-id", cursor=cursor, limit=limit)
    return Page(data=[adjustment_out(row) for row in rows_of(screen.data)], next_cursor=screen.next_cursor)


@router.post("/adjustments", response={200: AdjustmentOut, 201: AdjustmentOut, **REFUSALS})
def add_adjustment(request: HttpRequest, body: AdjustmentIn) -> tuple[int, AdjustmentOut]:
    """Post a correction; 200 where a post with the same `once` was there before."""
    said = body.model_dump() | {"once": body.once or secrets.token_hex(16)}
    made, is_new = adjustment.post(actor=caller(request, "configure"), **said)
    return (201 if is_new else 200), adjustment_out(rows_of([made])[0])


@router.post("/repricings", response={200: RepricingOut, **REFUSALS})
def reprice_calls(request: HttpRequest, body: RepricingIn) -> RepricingOut:
    """Price calls anew where the price was wrong: say what differs, or post it, one correction a call."""
    actor = caller(request, "configure")
    require(actor, "configure")
    span = reprice.span_of(provider=body.provider, model=body.model, since=body.since, until=body.until)
    if not body.post:
        return repricing_out(reprice.preview(span), posted=False)
    found = reprice.post(
        span,
        actor=actor,
        reason=body.reason,
        once=body.once or secrets.token_hex(16),
        in_their_months=body.in_their_months,
    )
    return repricing_out(found, posted=True)
