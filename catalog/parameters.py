"""Pure: what descriptors of parameters mean; providers/adapters/parameters.py has their form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from providers.adapters.parameters import NAMES, TYPES, fits

# Keys of a descriptor and the type of their values; the last three are said of `reasoning` by lists.
KEYS = {
    "type": "text",
    "min": "number",
    "max": "number",
    "values": "list",
    "default": "any",
    "requires": "list",
    "excludes": "list",
    "source": "text",
    "mandatory": "boolean",
    "default_enabled": "boolean",
    "supports_max_tokens": "boolean",
}
_NUMBERS = ("number", "integer")
_IN_WORDS = {"boolean": "true or false", "texts": "text or list of texts", "any": "anything"}
MAX_NAME = 200  # letters
MAX_PARAMETERS = 200  # of one model

Fault = tuple[str, str]  # the key of the descriptor, and what is wrong with it


def in_words(descriptor: Mapping[str, Any]) -> str:
    """Return what a parameter takes: `number from 0 to 2, 1 if not given`."""
    said = [takes(descriptor)]
    if "default" in descriptor:
        said.append(f"{plain(descriptor['default'])} if not given")
    return ", ".join([*said, *constraints(descriptor)])


def takes(descriptor: Mapping[str, Any]) -> str:
    """Return its type with its range or its words: `number from 0 to 2`, `low, high`."""
    kind = descriptor.get("type", "any")
    if kind == "enum":
        return ", ".join(map(plain, descriptor.get("values", ())))
    low, high = descriptor.get("min"), descriptor.get("max")
    if low is not None and low == high:
        return f"only {low}"
    return f"{_IN_WORDS.get(kind, kind)} {span(descriptor)}".strip()


def span(descriptor: Mapping[str, Any]) -> str:
    """Return the range alone: `from 0 to 2`, `from 1`; "" where there is none."""
    low, high = descriptor.get("min"), descriptor.get("max")
    if low is not None and high is not None:
        return f"from {low} to {high}"
    if low is not None:
        return f"from {low}"
    return "" if high is None else f"up to {high}"


def constraints(descriptor: Mapping[str, Any]) -> list[str]:
    """Return what ties it to other parameters: `only with logprobs`, `not with reasoning`."""
    said = []
    if descriptor.get("requires"):
        said.append(f"only with {' and '.join(descriptor['requires'])}")
    if descriptor.get("excludes"):
        *others, last = descriptor["excludes"]
        said.append(f"not with {' or '.join(filter(None, [', '.join(others), last]))}")
    if descriptor.get("mandatory"):
        said.append("cannot be turned off")
    return said


def plain(value: Any) -> str:
    """Return a value as JSON writes it, texts without their quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def faults(descriptor: Mapping[str, Any], known: Collection[str] = ()) -> Iterator[Fault]:
    """Yield everything that is wrong with a descriptor; `known` are the model's other parameters."""
    wrong = list(_wrong_values(descriptor))
    yield from wrong
    kind = descriptor.get("type")
    if kind is None:
        yield "type", f"is missing: say what it is, one of {', '.join(TYPES)}"
    if wrong or kind is None:
        return
    yield from _of_numbers(descriptor)
    if ("values" in descriptor) != (kind == "enum"):
        yield "values", "is missing" if kind == "enum" else f"is for an enum, and this is {TYPES[kind]}"
    if "default" in descriptor and not _can_be(descriptor["default"], descriptor):
        yield "default", f"{plain(descriptor['default'])} is not what it takes: {takes(descriptor)}"
    for key in ("requires", "excludes"):
        for name in descriptor.get(key, ()):
            if name not in known and name not in NAMES:
                yield key, f"{name!r} is no parameter of this model"


def is_name(name: str) -> bool:
    """Return whether a parameter can have this name."""
    return 0 < len(name) <= MAX_NAME and name.isprintable()


def that_can_be_kept(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the descriptors of a list that an entry can hold: those with a name, and not too many."""
    named = [name for name in parameters if is_name(name)]
    return {name: dict(parameters[name]) for name in named[:MAX_PARAMETERS]}


def _wrong_values(descriptor: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in descriptor.items():
        if key not in KEYS:
            yield key, f"is unknown: use {', '.join(KEYS)}"
        elif not fits(value, KEYS[key]):
            yield key, f"must be {TYPES[KEYS[key]]}"
        elif message := _wrong_value(key, value):
            yield key, message


def _wrong_value(key: str, value: Any) -> str:
    """Return what is wrong with a value of the right type, "" where nothing is."""
    if key == "type" and value not in TYPES:
        return f"{value!r} is unknown: use {', '.join(TYPES)}"
    if key in ("requires", "excludes") and not fits(value, "texts"):
        return "must be a list of names"
    if key == "values" and not (value and all(isinstance(one, str | int | float) for one in value)):
        return "must be a list of words or numbers, and not empty"
    if key == "default" and isinstance(value, dict | list):
        return "must be a number, a text, true or false"
    if key == "source" and not value.startswith(("https://", "http://")):
        return "must be the address it was read at: https://…"
    return ""


def _of_numbers(descriptor: Mapping[str, Any]) -> Iterator[Fault]:
    kind = descriptor["type"]
    bounds = [key for key in ("min", "max") if key in descriptor]
    for key in bounds:
        if kind not in _NUMBERS:
            yield key, f"is for a number, and this is {TYPES[kind]}"
        elif not fits(descriptor[key], kind):
            yield key, "must be a whole number, like what it bounds"
    if len(bounds) == 2 and descriptor["min"] > descriptor["max"]:
        yield "max", "is less than min"


def _can_be(value: Any, descriptor: Mapping[str, Any]) -> bool:
    kind = descriptor["type"]
    if kind == "enum":
        return value in descriptor.get("values", ())
    if not fits(value, kind):
        return False
    if kind not in _NUMBERS:
        return True
    return bool(descriptor.get("min", value) <= value <= descriptor.get("max", value))
