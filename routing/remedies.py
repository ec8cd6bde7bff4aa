"""Pure: what a caller can do about a call that does not fit in a budget; each of it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from msgspec.structs import replace

from billing import amount
from billing.entries import Unit
from routing.bound import Size, worst_case_nano
from routing.demand import price_at
from routing.plan import purpose
from routing.snapshot import EntryValue, OfferValue, Snapshot

_EDIT = 64  # bytes by which a body may grow when its limit is changed
_TRIED = 12  # cheaper models that are looked at, nearest in price first


@dataclass(frozen=True, slots=True)
class Left:
    """What may still be reserved in the tightest budget of each unit; a unit without limit is absent."""

    rooms: Mapping[Unit, int]

    def takes(self, size: Size, nano: int | None) -> bool:
        """Return whether a call of this size and cost fits."""
        wanted: dict[Unit, int] = {"usd": nano or 0, "tokens": size.tokens, "requests": 1}
        return nano is not None and all(wanted[unit] <= room for unit, room in self.rooms.items())


Bound = Callable[[EntryValue, Left], int | None]  # what the call would take there, where that is left


def lower_limit(size: Size, offer: OfferValue, left: Left, *, at: datetime) -> int | None:
    """Return the largest output limit with which the call would fit, or None when none would."""
    grown = replace(size, body_bytes=size.body_bytes + _EDIT)

    def fits(limit: int) -> bool:
        smaller = replace(grown, output_limit=limit)
        return left.takes(smaller, worst_case_nano(smaller, offer.prices, at=at))

    low, high = 0, size.output_tokens // size.answers  # `low` fits or is 0, `high` does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low or None


def cheaper_model(
    snapshot: Snapshot, entry: EntryValue, left: Left, bound: Bound, *, at: datetime
) -> tuple[str, int] | None:
    """Return the dearest of the cheaper models that can take this call, with its bound in nano-USD."""
    for other in islice(_cheaper(snapshot, entry, at), _TRIED):
        if _can_take(other, entry, at) and (nano := bound(other, left)) is not None:
            return other.slug, nano
    return None


def _cheaper(snapshot: Snapshot, entry: EntryValue, at: datetime) -> Iterator[EntryValue]:
    """Yield the models whose output costs less, dearest first."""
    mine = _output_price(entry.offers, at)
    if mine is None:
        return
    priced = ((_output_price(other.offers, at), other) for other in snapshot.entries.values())
    found = [(price, other.slug, other) for price, other in priced if price is not None and price < mine]
    for _, _, other in sorted(found, key=lambda each: each[:2], reverse=True):
        yield other


def _output_price(offers: Iterable[OfferValue], at: datetime) -> Decimal | None:
    prices = [price.output for offer in offers if (price := price_at(offer.prices, at))]
    return max(prices, default=None)


def _can_take(other: EntryValue, entry: EntryValue, at: datetime) -> bool:
    lives = other.sunset_on is None or other.sunset_on > at.date()
    return lives and purpose(other) == purpose(entry) and set(entry.capabilities) <= set(other.capabilities)


def about(nano: int) -> str:
    """Return an estimate in words: `about 0.03 USD`."""
    cents = -(-nano // 10**7)  # rounded up
    return f"about {amount.read(cents * 10**7, 'usd')}" if cents > 1 else f"about {amount.read(nano, 'usd')}"
