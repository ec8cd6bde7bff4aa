"""Pure: what a call asks of a hub behind a provider, as far as it may raise the price that llmhub knows.

The price of a model there is that of one of its endpoints: which endpoint serves is up to these fields.
Source: https://openrouter.ai/docs/features/provider-routing
"""

from __future__ import annotations

from typing import Any

from providers.wire import Body, value_of

# Fields that call in other models, other endpoints, or what is billed beside tokens.
_FIELDS = {
    "plugins": "plugins",
    "models": "a list of other models",
    "fallbacks": "a list of other models",
    "preset": "a preset of the provider's",
    "image_config": "an answer that is not text",
}
_PREFERENCES = "provider"  # an object: which of the hub's own providers may serve
_HARMLESS = {
    "max_price",
    "allow_fallbacks",
}  # these leave dearer endpoints out, or make none of them likelier
_CHEAPEST: tuple[Any, ...] = ("price", {"by": "price"})  # of `sort`
_NOTHING: tuple[Any, ...] = (None, False, [], {}, "", "allow")  # "allow" is the default of `data_collection`


def hub_unbounded(body: Body) -> str:
    """Return what in a call lets a hub charge more than the price that llmhub knows, or ""."""
    for field, what in _FIELDS.items():
        if field in body and value_of(body[field]) not in (None, [], {}, False, ""):
            return what
    return "a choice of endpoints" if _chooses(value_of(body.get(_PREFERENCES))) else ""


def _chooses(preferences: Any) -> bool:
    """Return whether endpoints are preferred or left out for another reason than their price."""
    if not isinstance(preferences, dict):
        return preferences not in (None, "", False, [])
    said = {name: value for name, value in preferences.items() if value not in _NOTHING}
    if said.get("sort") in _CHEAPEST:
        del said["sort"]
    return bool(said.keys() - _HARMLESS)
