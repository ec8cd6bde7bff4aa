"""The parameters of a model as its page shows them, and which of its offers take each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.availability import EntryNow
from catalog.models import Offer
from catalog.parameters import constraints, plain, takes
from catalog.price_history import listed_models, listing_of
from providers.adapters import DialectNotServed, adapter_for
from providers.adapters.parameters import LIMITS, SAID_IN_MESSAGES


@dataclass(frozen=True)
class Parameter:
    """One parameter in words; providers by name, in the order in which they are tried."""

    name: str
    takes: str
    default: str  # "" where nobody said
    constraints: tuple[str, ...]
    source: str
    taken_by: tuple[str, ...]
    refused_by: tuple[str, ...]
    unsaid_by: tuple[str, ...]


def parameters_of(row: EntryNow) -> list[Parameter]:
    """Return what is stated of a model's parameters, by name."""
    if not row.entry.parameters:
        return []
    offers = [each.offer for each in row.offers]
    listed = listed_models(offers)
    said = {
        offer: said.parameters
        for offer in offers
        if (found := listed.get((offer.provider_id, offer.upstream_id)))
        and (said := listing_of(offer, found))
        and said.parameters
    }
    return [
        _parameter(name, descriptor, {offer: _is_taken(name, offer, said.get(offer, {})) for offer in offers})
        for name, descriptor in sorted(row.entry.parameters.items())
    ]


def _parameter(name: str, descriptor: Mapping[str, Any], offers: Mapping[Offer, bool | None]) -> Parameter:
    def among(wanted: bool | None) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(offer.provider.name for offer, is_taken in offers.items() if is_taken is wanted)
        )

    return Parameter(
        name=name,
        takes=takes(descriptor),
        default=plain(descriptor["default"]) if "default" in descriptor else "",
        constraints=tuple(constraints(descriptor)),
        source=str(descriptor.get("source", "")),
        taken_by=among(True),
        refused_by=among(False),
        unsaid_by=among(None),
    )


def _is_taken(name: str, offer: Offer, listed: Mapping[str, Any]) -> bool | None:
    """Return whether an offer takes a parameter, by its provider's list or dialect; None: neither says."""
    if listed:
        return name in listed or (name in LIMITS and not listed.keys().isdisjoint(LIMITS))
    try:
        adapter = adapter_for(offer.provider.kind, offer.provider.dialect)
    except DialectNotServed:
        return None
    if adapter.dialect != "messages":
        return None
    return name in SAID_IN_MESSAGES and (name != "top_k" or adapter.terms(offer.upstream_id).top_k)
