"""Pure: whether a schema can be asked for strictly in the chat dialect.

Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.wire import value_of


def is_strict(schema: msgspec.Raw) -> bool:
    """Return whether every object is closed and has all its properties required: others are refused."""
    return _fits(value_of(schema))


def _fits(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_fits, value))
    if not isinstance(value, dict):
        return True
    properties = value.get("properties")
    if isinstance(properties, dict):
        required = value.get("required")
        known = (
            set(required) if isinstance(required, list) and all(isinstance(r, str) for r in required) else ()
        )
        if value.get("additionalProperties") is not False or not properties.keys() <= set(known):
            return False
    return all(map(_fits, value.values()))
