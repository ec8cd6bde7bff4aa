"""Small frozen values for tests of the pure parts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from catalog.pricing import PriceValue
from routing.plan import Asking, Moment, Plan, plan
from routing.resolve import Destination, only
from routing.snapshot import Caller, EntryValue, OfferValue, ProviderValue, SealedCredential, Snapshot

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CALLER = Caller(key_id=1, key_name="ci", team_id=2, team_slug="web")


def price(input_="1", output="2", **more) -> PriceValue:
    values = {"id": 1, "effective_from": datetime(2026, 1, 1, tzinfo=UTC)} | more
    return PriceValue(input=Decimal(input_), output=Decimal(output), **values)


def provider(slug="lab", **more) -> ProviderValue:
    values = {"id": 1, "kind": "custom", "dialect": "chat", "base_url": "http://lab.test/v1"} | more
    return ProviderValue(slug=slug, **({"needs_credential": False} | values))


def offer(slug="lab", *, prices=(), **more) -> OfferValue:
    return OfferValue(
        id=1, upstream_id="small-1", provider=provider(slug, **more), prices=tuple(prices), entry_id=1
    )


def entry(slug="acme/small", *offers, **more) -> EntryValue:
    return EntryValue(id=1, slug=slug, name="Small", offers=offers or (offer(),), **more)


def planned(destination: EntryValue | Destination, *, waits=None, live=None, **asking) -> Plan:
    """Where a call goes: to a model, unless a whole destination is given."""
    if isinstance(destination, EntryValue):
        destination = only(destination)
    return plan(destination, Asking(**asking), Moment(NOW, waits=waits or {}, live=live or {}))


def snapshot(*entries, aliases=None, **more) -> Snapshot:
    return Snapshot(version=1, entries={row.slug: row for row in entries}, aliases=aliases or {}, **more)


def credential() -> SealedCredential:
    return SealedCredential(id=1, sealed="gAAAA")
