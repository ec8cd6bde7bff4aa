"""Pure: whether a JSON value has the type, and keeps the bounds, that a schema names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOUNS: Mapping[type, str] = {str: "Length", list: "Items", dict: "Properties"}


def is_of_type(value: Any, types: Any) -> bool | None:
    """Return whether a value is of one of these types, None where one of them is unknown."""
    names = types if isinstance(types, list) else [types]
    if types is None:
        return True
    if not all(isinstance(name, str) and name in _TYPES for name in names):
        return None
    return any(_TYPES[name](value) for name in names)


def in_bounds(value: Any, schema: Mapping[str, Any]) -> bool | None:
    """Return whether a value is neither too long or large nor too short or small, nor between two steps."""
    if isinstance(value, bool) or value is None:
        return True
    if is_number(value):
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if (is_number(above) and value <= above) or (is_number(below) and value >= below):
            return False
        least, most, size = schema.get("minimum"), schema.get("maximum"), value
    else:
        noun = _NOUNS[type(value)]
        least, most, size = schema.get(f"min{noun}"), schema.get(f"max{noun}"), len(value)
    if (is_number(least) and size < least) or (is_number(most) and size > most):
        return False
    return _is_multiple(value, schema.get("multipleOf")) if is_number(value) else True


def is_number(value: Any) -> bool:
    """Return whether a value is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_multiple(value: float, of: Any) -> bool | None:
    """Return whether a number is a multiple of another; of fractions that is not said."""
    if of is None:
        return True
    if isinstance(value, int) and isinstance(of, int) and of > 0:
        return value % of == 0
    return None


_TYPES: Mapping[Any, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
}
