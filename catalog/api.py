"""Models, their offers and prices, and aliases in the management API."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.db import transaction
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query as NinjaQuery
from ninja import Router, Status
from pydantic import AfterValidator, Field

from catalog.alias import add_alias, move_alias, remove_alias
from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.compare import MOST_COMPARED
from catalog.entry import create_entry, update_entry, withdraw_entry
from catalog.model_query import FoundModels, ModelQuery
from catalog.model_search import BadCursor, models, search
from catalog.models import Alias, CatalogEntry, Offer
from catalog.offer import add_offer, set_price, update_offer, withdraw_offer
from catalog.parameters import MAX_PARAMETERS
from catalog.shapes import AliasOut, ModelOut, alias_out, model_out
from llmhub.lib import clock, money
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Input, Limit, Page, page
from llmhub.people.api_access import caller
from providers.credential_api import find_provider
from providers.rates import Rates

router = Router()
ModelId = Annotated[str, Field(min_length=1, max_length=200)]
Tokens = Annotated[int, Field(ge=0, le=2_000_000_000)]


def _amount(text: str) -> str:
    """Return `text` if it is a price. Raises `ValueError`, which names the field in the answer."""
    money.parse(text)
    return text


Amount = Annotated[
    str, Field(max_length=40, description="USD per million tokens, a decimal string"), AfterValidator(_amount)
]
Rank = Annotated[int, Field(ge=0, le=32_767, description="lower is tried first")]
Words = Annotated[list[Annotated[str, Field(max_length=30)]], Field(max_length=30)]

Descriptors = Annotated[
    dict[str, dict[str, Any]],
    Field(
        max_length=MAX_PARAMETERS, description="what each parameter of a call may be: all of them, by name"
    ),
]


class FactsIn(Input):
    """Facts of a model; what is left out stays as it is."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    family: Annotated[str, Field(max_length=100)] | None = None
    context_tokens: Tokens | None = None
    output_limit_tokens: Tokens | None = None
    input_modalities: Words | None = None
    output_modalities: Words | None = None
    capabilities: Words | None = None
    parameters: Descriptors | None = None
    stands_for: Annotated[str, Field(max_length=200)] | None = None
    knowledge_on: date | None = None
    released_on: date | None = None
    deprecated_on: date | None = None
    sunset_on: date | None = None
    replacement: Annotated[str, Field(max_length=200)] | None = None
    facts_source: Annotated[str, Field(max_length=300)] | None = None
    facts_checked_on: date | None = None


class ModelIn(FactsIn):
    """A model to add to the catalog."""

    id: ModelId


class RatesIn(Input):
    """One tier of a price."""

    input: Amount
    output: Amount
    cache_read: Amount | None = None
    cache_write: Amount | None = None
    cache_write_1h: Amount | None = None
    per_request: Amount | None = None
    web_search: Amount | None = None
    above_input_tokens: Tokens = 0

    def rates(self) -> Rates:
        """Return the tier in exact numbers."""
        given = self.model_dump(exclude_none=True, exclude={"above_input_tokens"})
        exact = {name: money.parse(text) for name, text in given.items()}
        return Rates(**exact, above_input_tokens=self.above_input_tokens)


class OfferIn(Input):
    """A model at one provider; without `prices` its cost is unknown, which is never 0."""

    model: ModelId
    provider: Annotated[str, Field(max_length=64)]
    upstream_id: Annotated[str, Field(min_length=1, max_length=200)]
    rank: Rank = 100
    prices: Annotated[list[RatesIn], Field(max_length=10)] = []


class OfferChange(Input):
    """What can be changed of an offer."""

    rank: Rank


class PriceIn(Input):
    """What an offer costs from now on: the base price, then its long-context tiers."""

    tiers: Annotated[list[RatesIn], Field(min_length=1, max_length=10)]
    source: Annotated[str, Field(max_length=300)] = ""


class AliasIn(Input):
    """Another name for a model."""

    name: ModelId
    model: ModelId


def find_entry(model_id: str) -> CatalogEntry:
    """Return the listed model of this id. Raises `Http404`."""
    found = CatalogEntry.objects.listed().filter(slug=model_id).first()
    if found is None:
        raise Http404(f"no model {model_id!r}: see GET /api/v1/models")
    return found


def read_entry(entry: CatalogEntry) -> EntryNow:
    """Return an entry as it is now, with its offers and prices."""
    rows = CatalogEntry.objects.filter(pk=entry.pk).prefetch_related(offers_with_providers())
    return entries_now(list(rows), clock.now())[0]


def _model(entry: CatalogEntry) -> ModelOut:
    return model_out(read_entry(entry))


def _offer(entry: CatalogEntry, provider: str, upstream_id: str) -> Offer:
    offers = Offer.objects.filter(withdrawn_at=None, entry=entry, provider__slug=provider)
    return get_object_or_404(offers.select_related("provider", "entry"), upstream_id=upstream_id)


@router.get("/models", response={200: FoundModels, **REFUSALS})
def list_models(request: HttpRequest, wanted: Annotated[ModelQuery, NinjaQuery()]) -> FoundModels:
    """Find models, curated and discovered, with where each is offered and what it costs now.

    Every filter holds; words in `q` may have typos. Without words and order they come by id.
    """
    caller(request, "read")
    query = wanted.query()
    try:
        found = search(query, cursor=wanted.cursor, limit=wanted.limit)
    except BadCursor as error:
        raise BadQuery(
            f"cursor {wanted.cursor!r} is none of this list's: take next_cursor as it came"
        ) from error
    data = [model_out(row) for row in found.rows]
    return FoundModels(data=data, next_cursor=found.next_cursor, total=found.total, by_source=found.by_source)


@router.get("/compare", response={200: Page[ModelOut], **REFUSALS})
def compare_models(
    request: HttpRequest,
    model: Annotated[list[ModelId], NinjaQuery(min_length=1, max_length=MOST_COMPARED)],
) -> Page[ModelOut]:
    """Show up to four models in the order asked for: `?model=a&model=b`; one that is not there is a 404."""
    caller(request, "read")
    rows = models(find_entry(one).slug for one in model)
    return Page(data=[model_out(row) for row in rows])


@router.post("/models", response={201: ModelOut, **REFUSALS})
def add_model(request: HttpRequest, body: ModelIn) -> Status[ModelOut]:
    """Add a model to the curated catalog; its offers come in calls of their own."""
    actor = caller(request, "configure")
    entry = create_entry(actor=actor, slug=body.id, **body.model_dump(exclude_unset=True, exclude={"id"}))
    return Status(201, _model(entry))


@router.get("/models/{path:model_id}", response={200: ModelOut, **REFUSALS})
def show_model(request: HttpRequest, model_id: ModelId) -> ModelOut:
    """Show one model."""
    caller(request, "read")
    return _model(find_entry(model_id))


@router.patch("/models/{path:model_id}", response={200: ModelOut, **REFUSALS})
def change_model(request: HttpRequest, model_id: ModelId, body: FactsIn) -> ModelOut:
    """Change facts of a model, which from now on belongs to who changed it."""
    actor = caller(request, "configure")
    return _model(
        update_entry(actor=actor, entry=find_entry(model_id), **body.model_dump(exclude_unset=True))
    )


@router.delete("/models/{path:model_id}", response={204: None, **REFUSALS})
def end_model(request: HttpRequest, model_id: ModelId) -> Status[None]:
    """Withdraw a model: it can no longer be called; what it cost stays in the ledger."""
    withdraw_entry(actor=caller(request, "configure"), entry=find_entry(model_id))
    return Status(204, None)


@router.post("/offers", response={201: ModelOut, **REFUSALS})
def make_offer(request: HttpRequest, body: OfferIn) -> Status[ModelOut]:
    """Say that a provider offers a model, and for how much."""
    actor, entry = caller(request, "configure"), find_entry(body.model)
    provider = find_provider(body.provider)
    with transaction.atomic():
        offer = add_offer(
            actor=actor, entry=entry, provider=provider, upstream_id=body.upstream_id, rank=body.rank
        )
        if body.prices:
            set_price(actor=actor, offer=offer, tiers=[tier.rates() for tier in body.prices])
    return Status(201, _model(entry))


@router.post("/offers/{provider}/{path:upstream_id}/prices", response={201: ModelOut, **REFUSALS})
def price_offer(
    request: HttpRequest, provider: str, upstream_id: str, model: ModelId, body: PriceIn
) -> Status[ModelOut]:
    """Set what an offer costs from now on; the price before stays with the calls it priced."""
    actor, entry = caller(request, "configure"), find_entry(model)
    tiers = [tier.rates() for tier in body.tiers]
    set_price(actor=actor, offer=_offer(entry, provider, upstream_id), tiers=tiers, source=body.source)
    return Status(201, _model(entry))


@router.patch("/offers/{provider}/{path:upstream_id}", response={200: ModelOut, **REFUSALS})
def change_offer(
    request: HttpRequest, provider: str, upstream_id: str, model: ModelId, body: OfferChange
) -> ModelOut:
    """Change when an offer is tried: a lower rank first."""
    actor, entry = caller(request, "configure"), find_entry(model)
    update_offer(actor=actor, offer=_offer(entry, provider, upstream_id), rank=body.rank)
    return _model(entry)


@router.delete("/offers/{provider}/{path:upstream_id}", response={204: None, **REFUSALS})
def end_offer(request: HttpRequest, provider: str, upstream_id: str, model: ModelId) -> Status[None]:
    """Withdraw an offer of a model."""
    actor = caller(request, "configure")
    withdraw_offer(actor=actor, offer=_offer(find_entry(model), provider, upstream_id))
    return Status(204, None)


@router.get("/aliases", response={200: Page[AliasOut], **REFUSALS})
def list_aliases(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[AliasOut]:
    """List the aliases by name."""
    caller(request, "read")
    rows = Alias.objects.select_related("entry")
    return page(rows, alias_out, by="name_id", cursor=cursor, limit=limit)


@router.post("/aliases", response={201: AliasOut, **REFUSALS})
def make_alias(request: HttpRequest, body: AliasIn) -> Status[AliasOut]:
    """Give a model another name; one that is an alias already is pointed at this model."""
    actor, entry = caller(request, "configure"), find_entry(body.model)
    there = Alias.objects.filter(name_id=body.name).select_related("entry").first()
    if there is not None:
        return Status(201, alias_out(move_alias(actor=actor, alias=there, entry=entry)))
    return Status(201, alias_out(add_alias(actor=actor, name=body.name, entry=entry)))


@router.delete("/aliases/{path:name}", response={204: None, **REFUSALS})
def end_alias(request: HttpRequest, name: str) -> Status[None]:
    """Take an alias away."""
    actor = caller(request, "configure")
    remove_alias(actor=actor, alias=get_object_or_404(Alias.objects.select_related("entry"), name_id=name))
    return Status(204, None)
