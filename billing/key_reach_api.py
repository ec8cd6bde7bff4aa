"""What keys may use, and rotation, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from billing.api import KeyMade, KeyOut, found_key, key_out
from billing.key_reach import MOST, set_reach
from billing.key_rotation import LONGEST_HOURS, end_old_text, rotate_key
from llmhub.lib.rest import REFUSALS, Input
from llmhub.people.api_access import caller

router = Router()

Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MOST)]


class ReachIn(Input):
    """What a key may use; an empty list is everything."""

    models: Annotated[Names, Field(description="ids, aliases, routes, or acme/*")] = []
    providers: Annotated[Names, Field(description="short names")] = []


class RotateIn(Input):
    """How long the old text goes on."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_HOURS)] = 24


@router.put("/keys/{int:key_id}/reach", response={200: KeyOut, **REFUSALS})
def change_reach(request: HttpRequest, key_id: int, body: ReachIn) -> KeyOut:
    """Say which models and providers a key may use; the next call goes by it."""
    actor = caller(request, "manage")
    key = found_key(actor, key_id)
    set_reach(actor=actor, key=key, models=body.models, providers=body.providers)
    return key_out(found_key(actor, key_id))


@router.post("/keys/{int:key_id}/rotate", response={200: KeyMade, **REFUSALS})
def rotate(request: HttpRequest, key_id: int, body: RotateIn) -> KeyMade:
    """Give a key a new text, shown this once; the old one works for `overlap_hours`."""
    actor = caller(request, "call")
    _, token = rotate_key(actor=actor, key=found_key(actor, key_id), overlap_hours=body.overlap_hours)
    return KeyMade(**key_out(found_key(actor, key_id)).model_dump(), key=token)


@router.delete("/keys/{int:key_id}/old-text", response={204: None, **REFUSALS})
def end_old(request: HttpRequest, key_id: int) -> Status[None]:
    """End the text from before the last rotation now."""
    actor = caller(request, "call")
    end_old_text(actor=actor, key=found_key(actor, key_id))
    return Status(204, None)
