"""Pure: a value that a JSON schema allows."""

from __future__ import annotations

from typing import Any

from llmhub.simulator.dice import Dice

MAX_DEPTH = 6  # of a schema that holds itself
WORDS = ("harbour", "lantern", "meadow", "copper", "orchard", "signal", "ribbon", "granite")
FORMATS = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "email": "robin@example.org",
    "uri": "https://example.org/harbour",
    "uuid": "6f1d2c84-9a37-4e0b-8c55-0d9b7a31e2f4",
}


def value(schema: Any, dice: Dice) -> Any:
    """Return a value that `schema` allows, as far as the simulator knows its words."""
    root = schema if isinstance(schema, dict) else {}
    return _value(root, root, dice, 0)


def _value(schema: Any, root: dict[str, Any], dice: Dice, depth: int) -> Any:
    """Return a value for one place in the schema."""
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return dice.pick(schema["enum"])
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            options = schema[choice]
            return _value(options[-1 if depth > MAX_DEPTH else 0], root, dice, depth + 1)
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, root, dice, depth)
    if kind == "array":
        return _array(schema, root, dice, depth)
    return _scalar(kind, schema, dice)


def _resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference inside the schema; anything that is no schema allows everything."""
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        place: Any = root
        for step in schema["$ref"].lstrip("#/").split("/"):
            place = place.get(step, {}) if step and isinstance(place, dict) else place
        return place if isinstance(place, dict) and "$ref" not in place else {}
    return schema if isinstance(schema, dict) else {}


def _kind(schema: dict[str, Any]) -> str:
    """Return the type that the value shall have."""
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else str(kind)


def _object(schema: dict[str, Any], root: dict[str, Any], dice: Dice, depth: int) -> dict[str, Any]:
    """Return an object with its properties: all of them, and only the required ones when deep."""
    properties = schema.get("properties") or {}
    names = properties if depth <= MAX_DEPTH else [n for n in schema.get("required", ()) if n in properties]
    if depth > 4 * MAX_DEPTH:
        return {}
    return {name: _value(properties[name], root, dice, depth + 1) for name in names}


def _array(schema: dict[str, Any], root: dict[str, Any], dice: Dice, depth: int) -> list[Any]:
    """Return a list of one to three, within the limits of the schema."""
    least = int(schema.get("minItems", 0 if depth > MAX_DEPTH else 1))
    most = int(schema.get("maxItems", least + 2))
    count = least if depth > MAX_DEPTH else min(most, least + dice.below(3))
    return [_value(schema.get("items"), root, dice, depth + 1) for _ in range(count)]


def _scalar(kind: str, schema: dict[str, Any], dice: Dice) -> Any:
    """Return a text, number, switch or null."""
    if kind in {"integer", "number"}:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        high = schema.get("maximum", low + 100)
        number = low + dice.below(max(1, int(high - low)))
        return int(number) if kind == "integer" else float(number)
    if kind == "boolean":
        return dice.below(2) == 1
    if kind == "null":
        return None
    return _text(schema, dice)


def _text(schema: dict[str, Any], dice: Dice) -> str:
    """Return a text of the asked format and length."""
    text = FORMATS.get(str(schema.get("format")), dice.pick(WORDS))
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    text = text.ljust(least, "a")
    return text if most is None else text[: int(most)]
