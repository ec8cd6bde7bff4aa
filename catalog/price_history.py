"""What offers cost over time, from whom each price is, and what other sources say now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.availability import prices_in_force
from catalog.models import CatalogEntry, Offer, Origin, Price
from providers.adapters import DialectNotServed, adapter_for
from providers.listing import Listing
from providers.models import ListedModel
from providers.rates import Rates


@dataclass(frozen=True)
class PriceStep:
    """One price of one offer, and how it differs from the one before."""

    offer: Offer
    price: Price
    before: Price | None
    until: datetime | None  # when it ended or the next one began; None: it is the last

    @property
    def ended(self) -> bool:
        """Whether nothing came in its place at once: the price was unknown from then on."""
        return self.until is not None and self.until == self.price.ends_at

    @property
    def input_change(self) -> Decimal | None:
        """By how much of the price before the input price moved; None where there is nothing to compare."""
        return _moved(self.before.input, self.price.input) if self.before else None

    @property
    def output_change(self) -> Decimal | None:
        """The same of the output price."""
        return _moved(self.before.output, self.price.output) if self.before else None


def _moved(before: Decimal, after: Decimal) -> Decimal | None:
    return (after - before) / before if before else None


def history(entry: CatalogEntry) -> list[PriceStep]:
    """Return every base price of the offers of a model, the newest first."""
    offers = {row.pk: row for row in entry.offers.select_related("provider")}
    rows: dict[int, list[Price]] = defaultdict(list)
    prices = Price.objects.filter(offer__in=offers, above_input_tokens=0)
    for price in prices.order_by("effective_from", "id"):
        rows[price.offer_id].append(price)
    steps = [
        PriceStep(
            offer=offers[offer_id],
            price=price,
            before=found[place - 1] if place else None,
            until=_until(price, found[place + 1 : place + 2]),
        )
        for offer_id, found in rows.items()
        for place, price in enumerate(found)
    ]
    return sorted(steps, key=lambda step: (step.price.effective_from, step.price.pk), reverse=True)


def _until(price: Price, following: Sequence[Price]) -> datetime | None:
    ends = [next_.effective_from for next_ in following]
    return min([*ends, price.ends_at] if price.ends_at else ends, default=None)


def figure(steps: Sequence[PriceStep], now: datetime) -> dict[str, Any]:
    """Return the chart of a history as plotly takes it: two lines of steps for each offer."""
    by_offer: dict[int, list[PriceStep]] = defaultdict(list)
    for step in reversed(steps):
        by_offer[step.offer.pk].append(step)
    return {
        "data": [
            _line(found, meter, number, now)
            for number, found in enumerate(by_offer.values())
            for meter in ("input", "output")
        ],
        "layout": {"yaxis": {"rangemode": "tozero", "tickprefix": "$"}},
    }


def _line(found: Sequence[PriceStep], meter: str, number: int, now: datetime) -> dict[str, Any]:
    from plotly.graph_objects import Scatter  # 60 ms, and only a chart needs it

    points = [point for step in found for point in _points(step, str(getattr(step.price, meter)), now)]
    line: dict[str, Any] = Scatter(
        mode="lines",
        name=f"{found[0].offer.provider.name}, {meter}",
        x=[moment.isoformat() for moment, _ in points],
        y=[amount for _, amount in points],
        line={"shape": "hv", "dash": "solid" if meter == "output" else "dot"},
        meta=number,  # which colour of the page's theme
    ).to_plotly_json()
    return line


def _points(step: PriceStep, amount: str, now: datetime) -> list[tuple[datetime, str | None]]:
    """Return where a price begins, and where its line ends: at a gap, or today."""
    begins = step.price.effective_from
    if step.until is None:
        return [(begins, amount), (max(now, begins), amount)]
    return [(begins, amount), (step.until, amount), (step.until, None)] if step.ended else [(begins, amount)]


@dataclass(frozen=True)
class Said:
    """What the catalog says of one fact, beside what the provider's list says now."""

    label: str
    ours: Any
    theirs: Any

    @property
    def differs(self) -> bool:
        """Whether both say something, and not the same."""
        return self.theirs not in (None, (), "") and self.ours != self.theirs


@dataclass(frozen=True)
class Sources:
    """One offer by the catalog, and by its provider's list."""

    offer: Offer
    listed: ListedModel
    facts: tuple[Said, ...]
    is_price_unsaid: bool = False  # the price in force is from its list, which says none any more

    @property
    def disagree(self) -> bool:
        """Whether anything differs."""
        return self.is_price_unsaid or any(fact.differs for fact in self.facts)


def sources(entry: CatalogEntry, now: datetime) -> list[Sources]:
    """Return, for each offer whose provider's list is known, what both say."""
    offers = list(entry.offers.filter(withdrawn_at=None).select_related("provider"))
    listed, prices = listed_models(offers), prices_in_force(offers, now)
    found = []
    for offer in offers:
        row = listed.get((offer.provider_id, offer.upstream_id))
        said = listing_of(offer, row) if row else None
        if row is not None and said is not None:
            price = next(iter(prices[offer.pk]), None)
            is_unsaid = price is not None and price.origin == Origin.DISCOVERED and not said.tiers
            found.append(Sources(offer, row, _beside(entry, price, said), is_unsaid))
    return found


def listed_models(offers: Sequence[Offer]) -> dict[tuple[int, str], ListedModel]:
    """Return the rows of the providers' lists that are about `offers`, by provider and id there."""
    rows = ListedModel.objects.filter(
        provider__in=[offer.provider_id for offer in offers],
        upstream_id__in=[offer.upstream_id for offer in offers],
    )
    return {(row.provider_id, row.upstream_id): row for row in rows}


def listing_of(offer: Offer, row: ListedModel) -> Listing | None:
    """Return what its provider's list says of an offer; None where that cannot be read."""
    if not row.raw.get("id"):
        return None
    try:
        return adapter_for(offer.provider.kind, offer.provider.dialect).listing(row.raw)
    except DialectNotServed:
        return None


def _beside(entry: CatalogEntry, price: Price | None, said: Listing) -> tuple[Said, ...]:
    listed: Rates | None = said.tiers[0] if said.tiers else None
    amounts = [
        Said(
            f"{label}, USD",
            getattr(price, name) if price else None,
            getattr(listed, name) if listed else None,
        )
        for name, label in (("input", "Input"), ("output", "Output"), ("cache_read", "Cache read"))
    ]
    capabilities = None if said.capabilities is None else tuple(sorted(said.capabilities))
    return (
        *amounts,
        Said("Context", entry.context_tokens, said.context_tokens),
        Said("Output limit", entry.output_limit_tokens, said.output_limit_tokens),
        Said("Can", tuple(sorted(entry.capabilities)), capabilities),
        Said("Ends", entry.sunset_on, said.sunset_on),
    )
