"""Pure: the lines of llmhub.toml that say the same as a promotion.

A discovered offer goes on following its provider's list; of others the amounts are those of now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from providers.rates import AMOUNTS, Rates


@dataclass(frozen=True)
class OfferLines:
    """A model at one provider."""

    provider: str
    upstream_id: str
    rank: int
    tiers: tuple[Rates, ...] = ()
    is_discovered: bool = False  # its price is what the provider's list says
    meters: Mapping[str, str] = field(default_factory=dict)  # USD per unit of what is not computed


def toml_patch(
    slug: str,
    facts: Mapping[str, Any],
    offers: Sequence[OfferLines],
    aliases: Iterable[str] = (),
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the lines; `facts` by the keys of the file, of which empty ones are left out.

    A provider has one offer of a model in the file: the first.
    """
    lines = [f"[models.{_text(slug)}]", *_pairs(facts)]
    if parameters:
        lines += ["", f"[models.{_text(slug)}.parameters]"]
        lines += [f"{_text(name)} = {_value(each)}" for name, each in sorted(parameters.items())]
    first = {offer.provider: offer for offer in reversed(offers)}
    for offer in sorted(first.values(), key=lambda one: (one.rank, one.provider)):
        lines += ["", *_offer(slug, offer)]
    if names := sorted(aliases):
        lines += ["", "[aliases]", *(f"{_text(name)} = {_text(slug)}" for name in names)]
    return "\n".join(lines) + "\n"


def _offer(slug: str, offer: OfferLines) -> Iterator[str]:
    path = f"models.{_text(slug)}.offers.{_text(offer.provider)}"
    yield f"[{path}]"
    yield from _pairs({"id": offer.upstream_id})
    yield f"rank = {offer.rank}"
    if offer.is_discovered:
        yield "discovered = true"
        return
    if offer.tiers:
        yield from _amounts(offer.tiers[0])
        yield from _pairs({"meters": offer.meters})
    for tier in offer.tiers[1:]:
        yield f"[[{path}.tiers]]"
        yield f"above = {tier.above_input_tokens}"
        yield from _amounts(tier)


def _amounts(rates: Rates) -> Iterator[str]:
    return _pairs({name: getattr(rates, name) for name in AMOUNTS}, keep_zero=True)


def _pairs(values: Mapping[str, Any], *, keep_zero: bool = False) -> Iterator[str]:
    for key, value in values.items():
        if value or (keep_zero and value is not None):
            yield f"{key} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return _text(format(value, "f") if isinstance(value, Decimal) else str(value))


def _text(text: str) -> str:
    """Return a basic string of TOML, which escapes what JSON does, and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
