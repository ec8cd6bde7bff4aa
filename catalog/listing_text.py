"""Pure: the fields of a change as JSON can hold them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from llmhub.lib import money
from providers.rates import AMOUNTS, Rates


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of a `Change` as JSON: amounts and days as text, a price as its list of tiers."""
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Rates):
        amounts = {name: getattr(value, name) for name in AMOUNTS}
        stated = {name: format(amount, "f") for name, amount in amounts.items() if amount is not None}
        return {**stated, "above_input_tokens": value.above_input_tokens}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def tiers_of(fields: Mapping[str, Any]) -> tuple[Rates, ...]:
    """Return the price in what `plain` made; () where it is unknown."""
    return tuple(_rates(dict(tier)) for tier in fields.get("tiers") or ())


def _rates(tier: dict[str, Any]) -> Rates:
    above = tier.pop("above_input_tokens", 0)
    return Rates(**{name: money.parse(text) for name, text in tier.items()}, above_input_tokens=above)


def day_of(fields: Mapping[str, Any], name: str) -> date | None:
    """Return a day in what `plain` made."""
    return date.fromisoformat(fields[name]) if fields.get(name) else None
