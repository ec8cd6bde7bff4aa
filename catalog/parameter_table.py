"""The parameters of a model as its page shows them, and which of its offers take each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

    @property
    def parts(self) -> list[str]:
        """The name in parts that a narrow column can break between."""
        return self.name.split("_")


@dataclass(frozen=True)
class ParameterTable:
    """The parameters of a model by name, and the providers that say which they take, or do not say."""

    rows: tuple[Parameter, ...] = ()
    telling: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def parameters_of(row: EntryNow) -> ParameterTable:
    """Return what is stated of a model's parameters."""
    if not row.entry.parameters:
        return ParameterTable()
    offers = [each.offer for each in row.offers]
    listed = listed_models(offers)
    said = {
        offer: said.parameters
        for offer in offers
        if (found := listed.get((offer.provider_id, offer.upstream_id)))
        and (said := listing_of(offer, found))
        and said.parameters
    }
    telling = [offer for offer in offers if offer in said or _speaks_messages(offer)]
    return ParameterTable(
        rows=tuple(
            _parameter(
                name, descriptor, {each: _is_taken(name, each, said.get(each, {})) for each in telling}
            )
            for name, descriptor in sorted(row.entry.parameters.items())
        ),
        telling=_names(telling),
        silent=_names(offer for offer in offers if offer not in telling),
    )


def _parameter(name: str, descriptor: Mapping[str, Any], offers: Mapping[Offer, bool]) -> Parameter:
    return Parameter(
        name=name,
        takes=takes(descriptor),
        default=plain(descriptor["default"]) if "default" in descriptor else "",
        constraints=tuple(constraints(descriptor)),
        source=str(descriptor.get("source", "")),
        taken_by=_names(offer for offer, is_taken in offers.items() if is_taken),
        refused_by=_names(offer for offer, is_taken in offers.items() if not is_taken),
    )


def _names(offers: Iterable[Offer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(offer.provider.name for offer in offers))


def _speaks_messages(offer: Offer) -> bool:
    try:
        return adapter_for(offer.provider.kind, offer.provider.dialect).dialect == "messages"
    except DialectNotServed:
        return False


def _is_taken(name: str, offer: Offer, listed: Mapping[str, Any]) -> bool:
    """Return whether an offer takes a parameter: by its provider's list, else by the messages dialect."""
    if listed:
        return name in listed or (name in LIMITS and not listed.keys().isdisjoint(LIMITS))
    takes_top_k = adapter_for(offer.provider.kind, offer.provider.dialect).terms(offer.upstream_id).top_k
    return name in SAID_IN_MESSAGES and (name != "top_k" or takes_top_k)
