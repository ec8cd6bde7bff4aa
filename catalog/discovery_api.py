"""Discovery in the management API: how it stands, its runs, a reading now, held lists, promotion."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from catalog import discovery
from catalog.api import ModelId, find_entry, read_entry
from catalog.discovery_models import DiscoveryRun
from catalog.discovery_now import discovery_now
from catalog.inbox_shapes import DiscoveryOut, RunOut, discovery_out, run_out
from catalog.model_toml import toml_of
from catalog.promote import promote
from catalog.shapes import ModelOut, model_out
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.credential_api import find_provider

router = Router()
Slug = Annotated[str, Field(max_length=64)]


class PromoteIn(Input):
    """How a discovered model is to be called; its id stays, `as` is one more name."""

    as_name: Annotated[str, Field(max_length=200, alias="as")] = ""


class PromotedOut(ModelOut):
    """A model that was promoted; `toml` are the lines of llmhub.toml that say the same."""

    toml: str


class DiscoveryPage(Output):
    """How discovery stands with each provider; there are few of them."""

    data: list[DiscoveryOut]


@router.post("/models/{path:model_id}/promote", response={200: PromotedOut, **REFUSALS})
def promote_model(request: HttpRequest, model_id: ModelId, body: PromoteIn | None = None) -> PromotedOut:
    """Take a discovered model into the catalog: it can be called within seconds."""
    entry = promote(
        actor=caller(request, "configure"),
        entry=find_entry(model_id),
        as_name=body.as_name if body else "",
    )
    row = read_entry(entry)
    return PromotedOut(**model_out(row).model_dump(), toml=toml_of(row))


@router.get("/discovery", response={200: DiscoveryPage, **REFUSALS})
def show_discovery(request: HttpRequest) -> DiscoveryPage:
    """Show when each provider's list was read, what came of it, and when it is read next."""
    caller(request, "view")
    return DiscoveryPage(data=list(map(discovery_out, discovery_now())))


@router.get("/discovery/runs", response={200: Page[RunOut], **REFUSALS})
def list_runs(
    request: HttpRequest, provider: Slug = "", cursor: Cursor = "", limit: Limit = 50
) -> Page[RunOut]:
    """List the readings of lists, the newest first."""
    caller(request, "view")
    rows = DiscoveryRun.objects.select_related("provider")
    if provider:
        rows = rows.filter(provider=find_provider(provider))
    return page(rows, run_out, by="-id", cursor=cursor, limit=limit)


@router.post("/discovery/{provider}/refresh", response={200: RunOut, **REFUSALS})
def refresh(request: HttpRequest, provider: Slug) -> RunOut:
    """Read a provider's list now; the outcome says whether it was changed, held back or failed."""
    actor = caller(request, "configure")
    trigger = DiscoveryRun.Trigger.BUTTON
    return run_out(discovery.refresh(find_provider(provider), actor=actor, trigger=trigger))


@router.post("/discovery/{provider}/accept", response={200: RunOut, **REFUSALS})
def accept_held(request: HttpRequest, provider: Slug) -> RunOut:
    """Believe the list that was held back, and apply it."""
    return run_out(discovery.accept_held(find_provider(provider), actor=caller(request, "configure")))


@router.post("/discovery/{provider}/discard", response={204: None, **REFUSALS})
def discard_held(request: HttpRequest, provider: Slug) -> Status[None]:
    """Throw the list away that was held back."""
    discovery.discard_held(find_provider(provider), actor=caller(request, "configure"))
    return Status(204, None)
