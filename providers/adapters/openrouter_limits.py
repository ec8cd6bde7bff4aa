"""Pure: tell OpenRouter what a call may be charged at most.

One model has many endpoints there, and a call may go to one that is dearer than the price of the model.
Source: https://openrouter.ai/docs/guides/routing/provider-selection#max-price
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from providers.adapters.reading import usd
from providers.rates import Rates
from providers.wire import Body, value_of

_PREFERENCES, _MAX_PRICE = "provider", "max_price"
_NULL = msgspec.Raw(b"null")


def with_max_price(body: Body, most: Rates) -> tuple[Body, tuple[str, ...]]:
    """Return a call with a limit on each amount, and those limits that are ours.

    A lower limit of the caller's stays as it is written. Preferences that are no object are left to be
    refused there.
    """
    preferences = _object(body.get(_PREFERENCES, _NULL))
    limits = None if preferences is None else _object(preferences.get(_MAX_PRICE, _NULL))
    if preferences is None or limits is None:
        return body, ()
    ours = {
        name: amount for name, amount in _amounts(most).items() if not _is_lower(limits.get(name), amount)
    }
    if not ours:
        return body, ()
    said = {name: format(amount, "f") for name, amount in ours.items()}
    limits |= {name: _raw(text) for name, text in said.items()}
    preferences |= {_MAX_PRICE: _raw(limits)}
    added = tuple(f"{_PREFERENCES}.{_MAX_PRICE}.{name}={text}" for name, text in said.items())
    return body | {_PREFERENCES: _raw(preferences)}, added


def _amounts(most: Rates) -> dict[str, Decimal]:
    """Return the limits by their names there, in USD per million tokens and per request.

    Without a price per request none is set: an endpoint that names none would not pass it.
    """
    found = {"prompt": most.input, "completion": most.output}
    return found if most.per_request is None else found | {"request": most.per_request}


def _is_lower(limit: msgspec.Raw | None, amount: Decimal) -> bool:
    """Return whether a caller's limit, a number or a text, is no higher than ours."""
    if limit is None:
        return False
    given = usd(value_of(limit))
    return given is not None and given <= amount


def _object(raw: msgspec.Raw) -> Body | None:
    """Return an object, an empty one for null; None where it is something else."""
    try:
        return msgspec.json.decode(raw, type=Body | None) or {}
    except msgspec.DecodeError:
        return None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
