"""Pure: whether a value fits the JSON schema that a caller gave, with an end to the work that may take.

A caller writes the schema and can have a model write the answer: schemas that refer to themselves
can take longer than anybody waits, and regular expressions too. So steps are counted, and what is not
understood here (patterns, formats, conditions, what stands elsewhere) is taken to fit. This finds no
fault with what a whole validator lets pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_STEPS = 20_000  # about 20 ms
_DEEPEST = 100  # schemas within schemas, references included
_NOUNS: Mapping[type, str] = {str: "Length", list: "Items", dict: "Properties"}


class _Enough(Exception):
    """The check has taken as many steps as it may."""


def fits(value: Any, schema: Any) -> bool:
    """Return whether `value` fits `schema`; so it does where that cannot be said in time."""
    check = _Check(schema)
    try:
        return check.is_fit(value, schema, 0)
    except (_Enough, RecursionError):
        return True


class _Check:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0
        version = root.get("$schema") if isinstance(root, Mapping) else None
        self._is_old = isinstance(version, str) and "draft-0" in version

    def _step(self, number: int = 1) -> None:
        self._steps += number
        if self._steps > MOST_STEPS:
            raise _Enough

    def is_fit(self, value: Any, schema: Any, depth: int) -> bool:
        """Return whether a value fits a schema, or a part of one."""
        self._step()
        if depth > _DEEPEST:
            raise _Enough
        if not isinstance(schema, Mapping):
            return schema is not False
        if self._is_elsewhere(schema):
            return True
        if "$ref" in schema and not self.is_fit(value, self._at(schema["$ref"]), depth + 1):
            return False
        if "$ref" in schema and self._is_old:
            return True  # what stands beside it has no say
        return (
            self._has_type(value, schema)
            and self._is_listed(value, schema)
            and self._fits_parts(value, schema, depth + 1)
            and _in_bounds(value, schema)
            and (not isinstance(value, dict) or self._has_fields(value, schema, depth + 1))
            and (not isinstance(value, list) or self._has_items(value, schema, depth + 1))
        )

    def _is_elsewhere(self, schema: Mapping[str, Any]) -> bool:
        """Return whether a part has an address of its own: what it refers to stands in it."""
        return "$id" in schema and schema is not self._root

    def _has_type(self, value: Any, schema: Mapping[str, Any]) -> bool:
        types = schema.get("type")
        names = types if isinstance(types, list) else [types]
        self._step(len(names))
        if not all(isinstance(name, str) and name in _TYPES for name in names):
            return True
        return any(_TYPES[name](value) for name in names)

    def _is_listed(self, value: Any, schema: Mapping[str, Any]) -> bool:
        listed = schema.get("enum")
        if "const" in schema and not self._same(value, schema["const"]):
            return False
        return not isinstance(listed, list) or any(self._same(value, each) for each in listed)

    def _same(self, one: Any, other: Any) -> bool:
        self._step()
        if isinstance(one, dict | list) and isinstance(other, dict | list):
            if type(one) is not type(other) or len(one) != len(other):
                return False
            if isinstance(one, dict):
                return all(name in other and self._same(each, other[name]) for name, each in one.items())
            return all(map(self._same, one, other))
        if isinstance(one, bool) or isinstance(other, bool):
            return one is other
        return bool(one == other)

    def _fits_parts(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        for each in _listed(schema.get("allOf")):
            if not self.is_fit(value, each, depth):
                return False
        for name in ("anyOf", "oneOf"):
            choices = _listed(schema.get(name))
            if choices and not any(self.is_fit(value, each, depth) for each in choices):
                return False
        return True

    def _at(self, reference: Any) -> Any:
        """Return the part of the whole schema that a reference means; True where it means another place."""
        if reference == "#":
            return self._root
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return True
        found = self._root
        for step in reference[2:].split("/"):
            self._step()
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found or self._is_elsewhere(found):
                return True
            found = found[name]
        return found

    def _has_fields(self, value: dict[str, Any], schema: Mapping[str, Any], depth: int) -> bool:
        required, known = _listed(schema.get("required")), schema.get("properties")
        known = known if isinstance(known, dict) else {}
        self._step(len(required) + len(value))
        if any(isinstance(name, str) and name not in value for name in required):
            return False
        others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
        return all(self.is_fit(each, known.get(name, others), depth) for name, each in value.items())

    def _has_items(self, value: list[Any], schema: Mapping[str, Any], depth: int) -> bool:
        first = [] if self._is_old else _listed(schema.get("prefixItems"))
        others = schema.get("items", True)
        for place, each in enumerate(value):
            if not self.is_fit(each, first[place] if place < len(first) else others, depth):
                return False
        return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _in_bounds(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value is neither too long or large nor too short or small."""
    if isinstance(value, bool) or value is None:
        return True
    if _is_number(value):
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if (_is_number(above) and value <= above) or (_is_number(below) and value >= below):
            return False
        least, most, size = schema.get("minimum"), schema.get("maximum"), value
    else:
        noun = _NOUNS[type(value)]
        least, most, size = schema.get(f"min{noun}"), schema.get(f"max{noun}"), len(value)
    return not ((_is_number(least) and size < least) or (_is_number(most) and size > most))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[Any, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
}
