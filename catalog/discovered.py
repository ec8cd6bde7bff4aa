"""Write what a run found: discovered entries, their offers and prices, and the events.

What a person, a file or the bundled catalog wrote is never changed here: it becomes an open event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError

from catalog.availability import last_prices
from catalog.discovery_models import CatalogEvent, DiscoveryRun
from catalog.listing_diff import Change, Kind
from catalog.listing_text import plain
from catalog.models import CatalogEntry, Offer, Origin, Price
from catalog.parameters import that_can_be_kept
from catalog.pricing import has_ended
from catalog.proposal import proposed_slug
from catalog.words import MODALITIES, is_public_name
from providers.listing import Listing, column
from providers.models import Provider
from providers.rates import faults

PRICES = {Kind.PRICE_UP, Kind.PRICE_DOWN, Kind.PRICE_LOST}
ARRIVALS = {Kind.NEW, Kind.BACK}
_STATE = CatalogEvent.State
LAST_RANK = 1000  # discovered offers are tried after those a person chose


class Writer:
    """Applies changes of one provider's list to the catalog; call `write` inside a transaction."""

    def __init__(self, provider: Provider, run: DiscoveryRun | None, now: datetime) -> None:
        self._provider = provider
        self._run = run
        self._now = now

    def write(self, changes: Sequence[Change]) -> list[CatalogEvent]:
        """Apply `changes` and return the events that tell of them; without a run there are none."""
        self._read(changes)
        self._make_entries([c.listing for c in changes if c.kind in ARRIVALS and c.listing])
        events = [event for change in changes if (event := self._apply(change))]
        if self._run is None:
            return []
        self._succeed(changes)
        return CatalogEvent.objects.bulk_create(events)

    def _read(self, changes: Sequence[Change]) -> None:
        ids = {change.upstream_id for change in changes}
        offers = Offer.objects.filter(provider=self._provider, upstream_id__in=ids).select_related("entry")
        self._offers: dict[str, list[Offer]] = defaultdict(list)
        for offer in offers:
            self._offers[offer.upstream_id].append(offer)
        slugs = {id_: proposed_slug(self._provider.slug, id_) for id_ in ids}
        rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=slugs.values())}
        self._entries = {id_: rows[slug] for id_, slug in slugs.items() if slug in rows}
        self._made: set[int] = set()  # entries that are described as their list says already
        self._prices = last_prices([offer for rows in self._offers.values() for offer in rows], self._now)

    def _make_entries(self, listings: Sequence[Listing]) -> None:
        """Save an entry for each listing that has none, and its offer."""
        unknown = [row for row in listings if not self._offers[row.upstream_id]]
        self._entries |= self._new_entries([row for row in unknown if row.upstream_id not in self._entries])
        discovered = [
            (row, entry)
            for row in unknown
            if (entry := self._entries.get(row.upstream_id)) and entry.source == entry.Source.DISCOVERED
        ]
        offers = Offer.objects.bulk_create([self._offer(row, entry) for row, entry in discovered])
        for offer in offers:
            self._offers[offer.upstream_id].append(offer)
        self._price({offer: row for offer, (row, _) in zip(offers, discovered, strict=True)})
        back = {entry.pk for _, entry in discovered if entry.withdrawn_at}
        CatalogEntry.objects.filter(pk__in=back).update(withdrawn_at=None)

    def _new_entries(self, listings: Sequence[Listing]) -> dict[str, CatalogEntry]:
        """Save an entry for each name, and return them by upstream id; two ids may come to one name.

        Another provider's list, read at the same time, may have made it first.
        """
        slugs = {row.upstream_id: proposed_slug(self._provider.slug, row.upstream_id) for row in listings}
        first = {slugs[row.upstream_id]: row for row in reversed(listings)}
        new = [self._entry(slug, row) for slug, row in first.items() if is_public_name(slug)]
        CatalogEntry.objects.bulk_create(new, ignore_conflicts=True)
        made = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=[row.slug for row in new])}
        self._made = {row.pk for row in made.values()}
        return {id_: made[slug] for id_, slug in slugs.items() if slug in made}

    def _entry(self, slug: str, row: Listing) -> CatalogEntry:
        entry = CatalogEntry(
            slug=slug,
            source=CatalogEntry.Source.DISCOVERED,
            origin=Origin.DISCOVERED,
            described_by=self._provider,
        )
        describe(entry, row)
        return entry

    def _offer(self, row: Listing, entry: CatalogEntry) -> Offer:
        return Offer(
            entry=entry,
            provider=self._provider,
            upstream_id=row.upstream_id,
            origin=Origin.DISCOVERED,
            rank=LAST_RANK,
        )

    def _price(self, wanted: dict[Offer, Listing]) -> bool:
        """Save what offers cost from now on; return whether every price could be kept."""
        for offer, row in wanted.items():
            self._prices[offer.pk] = tuple(discovered_prices(offer, row, self._now))
        Price.objects.bulk_create([price for offer in wanted for price in self._prices[offer.pk]])
        return all(self._prices[offer.pk] for offer in wanted)

    def _apply(self, change: Change) -> CatalogEvent | None:
        """Apply one change where it is ours to apply, and return the event that tells of it."""
        offers = self._offers[change.upstream_id]
        entry = offers[0].entry if offers else self._entries.get(change.upstream_id)
        if change.kind in PRICES:
            is_done = self._apply_price(change, offers)
        elif change.kind == Kind.VANISHED:
            is_done = self._withdraw(offers)
        elif change.kind in ARRIVALS:
            is_done = self._bring_back(change, offers)
            self._apply_facts(change, entry)
        else:
            is_done = self._apply_facts(change, entry)
        if change.kind == Kind.FACTS:
            return None
        return CatalogEvent(
            provider=self._provider,
            run=self._run,
            upstream_id=change.upstream_id,
            kind=change.kind.value,
            entry=entry,
            is_curated=any(row.entry.source == CatalogEntry.Source.CURATED for row in offers)
            or (entry is not None and entry.source == CatalogEntry.Source.CURATED),
            before=plain(change.before),
            after=plain(change.after) if change.kind not in ARRIVALS else _arrived(change),
            state=_STATE.APPLIED if is_done else _STATE.OPEN,
            found_at=self._now,
        )

    def _apply_price(self, change: Change, offers: Sequence[Offer]) -> bool:
        """Price anew the offers whose price discovery wrote; return whether that were all."""
        live = [offer for offer in offers if not offer.withdrawn_at]
        ours = [offer for offer in live if self._is_ours(offer)]
        if change.listing is None or not change.listing.tiers:
            return not live  # the last known price stays in force: nothing costs 0 by silence
        return self._price(dict.fromkeys(ours, change.listing)) and ours == live

    def _is_ours(self, offer: Offer) -> bool:
        newest = self._prices.get(offer.pk, ())
        return offer.origin == Origin.DISCOVERED if not newest else newest[0].origin == Origin.DISCOVERED

    def _withdraw(self, offers: Sequence[Offer]) -> bool:
        """Withdraw the offers that discovery made, and a discovered entry that nobody offers any more."""
        live = [offer for offer in offers if not offer.withdrawn_at]
        ours = [offer for offer in live if offer.origin == Origin.DISCOVERED]
        Offer.objects.filter(pk__in=[offer.pk for offer in ours]).update(withdrawn_at=self._now)
        gone = CatalogEntry.objects.filter(
            pk__in=[offer.entry_id for offer in ours], source=CatalogEntry.Source.DISCOVERED
        ).exclude(offers__in=Offer.objects.filter(withdrawn_at=None))
        gone.update(withdrawn_at=self._now)
        return ours == live

    def _bring_back(self, change: Change, offers: Sequence[Offer]) -> bool:
        """Offer again what discovery had withdrawn; a new model waits for a person in any case."""
        gone = [offer for offer in offers if offer.withdrawn_at and offer.origin == Origin.DISCOVERED]
        if gone:
            Offer.objects.filter(pk__in=[offer.pk for offer in gone]).update(withdrawn_at=None)
            discovered = CatalogEntry.objects.filter(
                pk__in=[offer.entry_id for offer in gone], source=CatalogEntry.Source.DISCOVERED
            )
            discovered.update(withdrawn_at=None)
        if change.listing is not None:
            ours = [offer for offer in offers if offer.origin == Origin.DISCOVERED and self._is_ours(offer)]
            again = [offer for offer in ours if self._differs(offer, change.listing)]
            self._price(dict.fromkeys(again, change.listing))
        return change.kind == Kind.BACK and len(gone) == len(offers)

    def _differs(self, offer: Offer, row: Listing) -> bool:
        newest = self._prices.get(offer.pk, ())
        has_gone = any(has_ended(price.ends_at, self._now) for price in newest)
        return has_gone or tuple(price.rates for price in newest) != row.tiers

    def _apply_facts(self, change: Change, entry: CatalogEntry | None) -> bool:
        """Describe a discovered entry anew; what a person wrote about a curated one stays."""
        if entry is None or entry.source != CatalogEntry.Source.DISCOVERED or change.listing is None:
            return entry is None
        if entry.pk in self._made:
            return True
        if entry.described_by_id in {None, self._provider.pk}:
            entry.described_by = self._provider
            describe(entry, change.listing)
            entry.save(update_fields=[*DESCRIBED, "described_by"])
        return True

    def _succeed(self, changes: Sequence[Change]) -> None:
        """Let earlier events about the same thing of the same model no longer wait for a decision."""
        kinds: dict[frozenset[str], set[str]] = defaultdict(set)
        for change in changes:
            kinds[_same_thing(change.kind)].add(change.upstream_id)
        for same, ids in kinds.items():
            waiting = CatalogEvent.objects.filter(provider=self._provider, state=_STATE.OPEN)
            waiting.filter(kind__in=same, upstream_id__in=ids).update(
                state=_STATE.SUPERSEDED, decided_at=self._now
            )


def _same_thing(kind: Kind) -> frozenset[str]:
    for group in (PRICES, {*ARRIVALS, Kind.VANISHED}):
        if kind in group:
            return frozenset(one.value for one in group)
    return frozenset({kind.value})


def _arrived(change: Change) -> dict[str, object]:
    listing = change.listing
    if listing is None:
        return {}
    fields = ("name", "context_tokens", "output_limit_tokens", "capabilities", "tiers", "meters", "sunset_on")
    return plain({name: getattr(listing, name) for name in fields})


def vanished(offer: Offer, run: DiscoveryRun) -> CatalogEvent:
    """Return the open event, not saved, that an offer of a curated model is not in its provider's list."""
    return CatalogEvent(
        provider_id=offer.provider_id,
        run=run,
        upstream_id=offer.upstream_id,
        kind=Kind.VANISHED.value,
        entry=offer.entry,
        is_curated=True,
        found_at=run.started_at,
    )


DESCRIBED = (
    "name", "description", "context_tokens", "output_limit_tokens", "input_modalities", "output_modalities",
    "capabilities", "parameters", "released_on", "knowledge_on", "deprecated_on", "sunset_on", "stands_for",
)  # fmt: skip


def describe(entry: CatalogEntry, row: Listing) -> None:
    """Give a discovered entry the facts of a listing; what the list does not say is unknown.

    What an entry cannot hold is left out: a person could save nothing of it otherwise.
    """
    entry.name = row.name or entry.slug.rpartition("/")[2]
    entry.description = row.description
    entry.context_tokens = column(row.context_tokens)
    entry.output_limit_tokens = column(row.output_limit_tokens)
    entry.input_modalities = [word for word in row.input_modalities if word in MODALITIES]
    entry.output_modalities = [word for word in row.output_modalities if word in MODALITIES]
    entry.capabilities = list(row.capabilities or ())
    entry.parameters = that_can_be_kept(row.parameters)
    entry.released_on, entry.knowledge_on = row.released_on, row.knowledge_on
    entry.deprecated_on, entry.sunset_on = row.deprecated_on, row.sunset_on
    entry.stands_for = row.stands_for


def discovered_prices(offer: Offer, row: Listing, begins: datetime) -> list[Price]:
    """Return the price of a listing as rows that are checked, not saved; [] where it cannot be kept."""
    if not row.tiers or faults(row.tiers):
        return []
    prices = [
        Price(
            offer=offer,
            effective_from=begins,
            origin=Origin.DISCOVERED,
            checked_on=begins.date(),
            meters=plain(row.meters) if tier.above_input_tokens == 0 else {},
            **vars(tier),
        )
        for tier in row.tiers
    ]
    try:
        for price in prices:
            price.complete()
    except ValidationError:
        return []
    return prices
