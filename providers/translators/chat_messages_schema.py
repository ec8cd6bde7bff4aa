"""Pure: a JSON schema as the messages dialect takes it where the answer must follow it.

Keywords it refuses go into the description, where the model still reads them. Which those are
follows what its own SDK leaves in a schema.
Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from typing import Any

import msgspec

_KEPT = ("type", "title", "enum", "const", "required", "$ref")
_NAMED = ("properties", "$defs", "definitions")  # hold a schema under each name
_LISTED = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_FORMATS = (
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
)  # fmt: skip
_SILENT = ("description", "additionalProperties", "$schema", "$id")


class NotStrict(ValueError):
    """The schema leaves open what the messages dialect wants closed: an object with any fields."""


def strict_schema(schema: Any) -> dict[str, Any]:
    """Return `schema` in closed form. Raises `NotStrict`."""
    if not isinstance(schema, dict):
        raise NotStrict
    sent = {key: schema[key] for key in _KEPT if key in schema} | _inner(schema)
    if _is_object(schema):
        sent["additionalProperties"] = _closed(schema.get("additionalProperties", False))
    if schema.get("format") in _FORMATS:
        sent["format"] = schema["format"]
    if schema.get("minItems") in (0, 1):
        sent["minItems"] = schema["minItems"]
    if description := _description(schema, sent):
        sent["description"] = description
    return sent


def _inner(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas inside `schema`, each in closed form."""
    sent: dict[str, Any] = {}
    for key in _NAMED:
        if key in schema:
            sent[key] = {name: strict_schema(inner) for name, inner in _pairs(schema[key])}
    for key, name in _LISTED.items():
        if isinstance(schema.get(key), list):
            sent[name] = [strict_schema(inner) for inner in schema[key]]
    if "items" in schema:
        sent["items"] = strict_schema(schema["items"])
    return sent


def _pairs(value: Any) -> Any:
    if not isinstance(value, dict):
        raise NotStrict
    return value.items()


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema


def _closed(additional: Any) -> bool:
    if additional is not False:
        raise NotStrict
    return False


def _description(schema: dict[str, Any], sent: dict[str, Any]) -> str:
    """Return the description, followed by the keywords that were not sent."""
    moved = [key for key in schema if key not in sent and key not in _SILENT and key not in _LISTED]
    rules = "; ".join(f"{key}: {msgspec.json.encode(schema[key]).decode()}" for key in moved)
    described = schema.get("description")
    words = [described if isinstance(described, str) else "", f"({rules})" if rules else ""]
    return " ".join(word for word in words if word)
