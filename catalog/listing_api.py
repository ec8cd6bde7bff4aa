"""What a provider lists, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from catalog.listed import ListedRow, listings_with, rows_of
from catalog.proposal import Proposal
from llmhub.lib.rest import REFUSALS, Cursor, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.credential_api import find_provider

router = Router()
Slug = Annotated[str, Field(max_length=64)]
Words = Annotated[str, Query(max_length=200, description="all of them in the id or the name")]


class KnownOut(Output):
    """A model of the catalog that a listed one seems to be; the price is in USD per million tokens."""

    model: str
    input: str | None  # null: no price is known
    output: str | None
    price_of: str  # the provider that asks it


class ListedOut(Output):
    """A model that a provider lists."""

    upstream_id: str
    name: str
    context_tokens: int | None
    models: list[str]  # under which callers reach it there
    known: KnownOut | None  # null: it is offered already, or the catalog knows none like it


def known_out(known: Proposal | None) -> KnownOut | None:
    """Return what the catalog knows of a listed model, as programs read it."""
    if known is None:
        return None
    rates = known.rates
    return KnownOut(
        model=known.slug,
        input=format(rates.input, "f") if rates else None,
        output=format(rates.output, "f") if rates else None,
        price_of=known.price_of,
    )


def listed_out(row: ListedRow) -> ListedOut:
    """Return a listed model as programs read it."""
    return ListedOut(
        upstream_id=row.listing.upstream_id,
        name=row.listing.name,
        context_tokens=row.listing.context_tokens,
        models=list(row.models),
        known=known_out(row.proposal),
    )


@router.get("/providers/{slug}/listings", response={200: Page[ListedOut], **REFUSALS})
def list_listed(
    request: HttpRequest, slug: Slug, q: Words = "", cursor: Cursor = "", limit: Limit = 50
) -> Page[ListedOut]:
    """List what a provider listed when it was last checked, by its ids, with what of it can be called."""
    caller(request, "view")
    provider = find_provider(slug)
    listings = page(listings_with(provider, q), lambda row: row, by="upstream_id", cursor=cursor, limit=limit)
    rows = rows_of(provider, listings.data)
    return Page(data=[listed_out(row) for row in rows], next_cursor=listings.next_cursor)
