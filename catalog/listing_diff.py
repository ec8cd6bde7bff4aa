"""Pure: what changed between two lists of models of one provider.

`diff` gives typed changes with the values before and after; `apply` makes the second list of the
first again, which holds `diff` to its word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from providers.listing import Listing
from providers.rates import AMOUNTS, FEES, Rates

Listings = Mapping[str, Listing]  # by upstream id


class Kind(StrEnum):
    """What happened to a listed model."""

    NEW = "new"
    PRICE_UP = "price_up"  # at least one amount rose, or became known
    PRICE_DOWN = "price_down"  # no amount rose
    PRICE_LOST = "price_lost"  # it is not said any more
    CONTEXT = "context_changed"
    OUTPUT_LIMIT = "output_limit_changed"
    CAPABILITY_LOST = "capability_lost"
    CAPABILITY_GAINED = "capability_gained"
    DEPRECATED = "deprecated"  # a date was set, moved or taken back
    RENAMED = "renamed"
    FACTS = "facts"  # anything else: kept, and no event
    VANISHED = "vanished"
    BACK = "back"


EVENTS = tuple(kind for kind in Kind if kind != Kind.FACTS)  # what is told


_FIELDS = {
    Kind.CONTEXT: ("context_tokens",),
    Kind.OUTPUT_LIMIT: ("output_limit_tokens",),
    Kind.DEPRECATED: ("deprecated_on", "sunset_on"),
    Kind.RENAMED: ("name",),
    Kind.FACTS: (
        "description",
        "input_modalities",
        "output_modalities",
        "parameters",
        "released_on",
        "knowledge_on",
        "stands_for",
    ),
}


_CAN = "capabilities"


@dataclass(frozen=True)
class Change:
    """One thing that happened to one listed model: the fields of `Listing` it touched, before and after."""

    kind: Kind
    upstream_id: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    listing: Listing | None = field(default=None, compare=False, repr=False)  # as it is now


def diff(before: Listings, after: Listings) -> tuple[Change, ...]:
    """Return the changes that make `after` of `before`, by id; an absent model is `VANISHED` at once."""
    found: list[Change] = []
    for upstream_id in sorted(before.keys() | after.keys()):
        old, new = before.get(upstream_id), after.get(upstream_id)
        if new is None:
            found.append(Change(Kind.VANISHED, upstream_id))
        elif old is None:
            found.append(Change(Kind.NEW, upstream_id, listing=new))
        elif old != new:
            found += changes(old, new)
    return tuple(found)


def changes(old: Listing, new: Listing) -> list[Change]:
    """Return what changed between two readings of one listed model, at most one change of a kind."""
    found = []
    if kind := _price_kind(old, new):
        found.append(_change(kind, old, new, ("tiers", "meters")))
    found += (capability := _capability_changes(old, new))
    for kind, fields in _FIELDS.items():
        if kind == Kind.FACTS and not capability:
            fields = (*fields, _CAN)
        if touched := tuple(name for name in fields if getattr(old, name) != getattr(new, name)):
            found.append(_change(kind, old, new, touched))
    return found


def apply(before: Listings, found: Iterable[Change]) -> dict[str, Listing]:
    """Return the list that `found` makes of `before`."""
    now = dict(before)
    for change in found:
        if change.kind == Kind.VANISHED:
            now.pop(change.upstream_id, None)
        elif change.listing is not None and change.kind in {Kind.NEW, Kind.BACK}:
            now[change.upstream_id] = change.listing
        else:
            now[change.upstream_id] = replace(now[change.upstream_id], **change.after)
    return now


def _change(kind: Kind, old: Listing, new: Listing, fields: tuple[str, ...]) -> Change:
    return Change(
        kind,
        new.upstream_id,
        before={name: getattr(old, name) for name in fields},
        after={name: getattr(new, name) for name in fields},
        listing=new,
    )


def _price_kind(old: Listing, new: Listing) -> Kind | None:
    if (old.tiers, old.meters) == (new.tiers, new.meters):
        return None
    if old.tiers and not new.tiers:
        return Kind.PRICE_LOST
    return Kind.PRICE_UP if _rises(old, new) else Kind.PRICE_DOWN


def _rises(old: Listing, new: Listing) -> bool:
    """Return whether any amount of `new` is greater, at any size of input, than in `old`."""
    if not old.tiers:
        return bool(new.tiers) or _meters_rise(old, new)
    starts = sorted({tier.above_input_tokens for tier in (*old.tiers, *new.tiers)})
    pairs = [(_tier_at(old.tiers, start), _tier_at(new.tiers, start)) for start in starts]
    dearer = any(
        effective(later, amount) > effective(earlier, amount)
        for earlier, later in pairs
        for amount in AMOUNTS
    )
    return dearer or _meters_rise(old, new)


def _meters_rise(old: Listing, new: Listing) -> bool:
    return any(amount > old.meters.get(meter, 0) for meter, amount in new.meters.items())


def _tier_at(tiers: tuple[Rates, ...], start: int) -> Rates:
    return max(
        (tier for tier in tiers if tier.above_input_tokens <= start),
        key=lambda tier: tier.above_input_tokens,
        default=tiers[0],
    )


def effective(rates: Rates, amount: str) -> Any:
    """Return what an amount comes to where it is not stated: cached tokens cost as much as input."""
    value = getattr(rates, amount)
    if value is not None:
        return value
    if amount in FEES:
        return 0
    return effective(rates, "cache_write") if amount == "cache_write_1h" else rates.input


def _capability_changes(old: Listing, new: Listing) -> list[Change]:
    """Return what was lost, then what was gained; where a list stops to tell, nothing is lost."""
    if old.capabilities == new.capabilities:
        return []
    before, after = set(old.capabilities or ()), set(new.capabilities or ())
    if new.capabilities is None or before == after:
        return []
    left = tuple(sorted(before & after)) if before - after else old.capabilities
    steps = [(Kind.CAPABILITY_LOST, old.capabilities, left)] if before - after else []
    if left != new.capabilities:
        steps.append((Kind.CAPABILITY_GAINED, left, new.capabilities))
    return [Change(kind, new.upstream_id, {_CAN: was}, {_CAN: now}, new) for kind, was, now in steps]
