"""How models, offers and prices look to programs: the same in the API and in `--json`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.availability import EntryNow, OfferNow
from catalog.models import Alias, Price
from catalog.retirement import stage_of
from llmhub.lib import clock
from llmhub.lib.rest import Output


class PriceOut(Output):
    """A price in USD per million tokens; a cache price of null means cached tokens cost as much as input."""

    above_input_tokens: int
    input: str
    output: str
    cache_read: str | None
    cache_write: str | None
    cache_write_1h: str | None
    per_request: str | None
    web_search: str | None
    meters: dict[str, str]  # USD per unit of what is not computed
    origin: str
    effective_from: datetime
    source: str
    checked_on: date | None


class OfferOut(Output):
    """A model at one provider; no `prices`: what it costs is unknown."""

    provider: str
    upstream_id: str
    rank: int
    callable: bool
    why_not: str
    prices: list[PriceOut]


class ModelOut(Output):
    """A model: its facts, and where it is offered."""

    id: str
    name: str
    family: str
    source: str
    origin: str
    callable: bool
    why_not: str
    context_tokens: int | None
    output_limit_tokens: int | None
    input_modalities: list[str]
    output_modalities: list[str]
    capabilities: list[str]
    knowledge_on: date | None
    released_on: date | None
    deprecated_on: date | None
    sunset_on: date | None
    replacement: str
    facts_source: str
    facts_checked_on: date | None
    stage: str  # current, superseded, deprecated, retired: derived from the dates
    listed_by: str  # the provider whose list a discovered model's facts are from
    stands_for: str  # the model behind a name that its provider moves
    parameters: dict[str, dict[str, Any]]  # descriptors by name
    offers: list[OfferOut]


class AliasOut(Output):
    """Another name for a model."""

    name: str
    model: str


def price_out(price: Price) -> PriceOut:
    """Return a price as programs read it, digit for digit."""
    return PriceOut(
        above_input_tokens=price.above_input_tokens,
        input=format(price.input, "f"),
        output=format(price.output, "f"),
        cache_read=_text(price.cache_read),
        cache_write=_text(price.cache_write),
        cache_write_1h=_text(price.cache_write_1h),
        per_request=_text(price.per_request),
        web_search=_text(price.web_search),
        meters=price.meters,
        origin=price.origin,
        effective_from=price.effective_from,
        source=price.source,
        checked_on=price.checked_on,
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def offer_out(row: OfferNow) -> OfferOut:
    """Return an offer as programs read it."""
    return OfferOut(
        provider=row.offer.provider.slug,
        upstream_id=row.offer.upstream_id,
        rank=row.offer.rank,
        callable=not row.why_not,
        why_not=row.why_not.detail if row.why_not else "",
        prices=[price_out(price) for price in row.prices],
    )


def model_out(row: EntryNow) -> ModelOut:
    """Return a model as programs read it."""
    entry = row.entry
    return ModelOut(
        id=entry.slug,
        name=entry.name,
        family=entry.family,
        source=entry.source,
        origin=entry.origin,
        callable=not row.why_not,
        why_not=row.why_not.detail if row.why_not else "",
        context_tokens=entry.context_tokens,
        output_limit_tokens=entry.output_limit_tokens,
        input_modalities=entry.input_modalities,
        output_modalities=entry.output_modalities,
        capabilities=entry.capabilities,
        knowledge_on=entry.knowledge_on,
        released_on=entry.released_on,
        deprecated_on=entry.deprecated_on,
        sunset_on=entry.sunset_on,
        replacement=entry.replacement,
        facts_source=entry.facts_source,
        facts_checked_on=entry.facts_checked_on,
        stage=stage_of(entry, clock.now().date()),
        listed_by=entry.described_by.slug if entry.described_by else "",
        stands_for=entry.stands_for,
        parameters=entry.parameters,
        offers=[offer_out(offer) for offer in row.offers],
    )


def alias_out(alias: Alias) -> AliasOut:
    """Return an alias as programs read it."""
    return AliasOut(name=alias.name_id, model=alias.entry.slug)
