"""Pure: what descriptors of parameters mean; providers/adapters/parameters.py has their form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_words(descriptor: Mapping[str, Any]) -> str:
    """Return what a parameter takes: `number from 0 to 2, 1 if not given`."""
    said = [_takes(descriptor)]
    if "default" in descriptor:
        said.append(f"{descriptor['default']} if not given")
    if descriptor.get("requires"):
        said.append(f"only with {' and '.join(descriptor['requires'])}")
    if descriptor.get("excludes"):
        said.append(f"not with {' or '.join(descriptor['excludes'])}")
    if descriptor.get("mandatory"):
        said.append("cannot be turned off")
    return ", ".join(said)


def _takes(descriptor: Mapping[str, Any]) -> str:
    kind = descriptor.get("type", "any")
    if kind == "enum":
        return ", ".join(map(str, descriptor.get("values", ())))
    if kind == "any":
        return "anything"
    low, high = descriptor.get("min"), descriptor.get("max")
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} from {low}"
    return kind if high is None else f"{kind} up to {high}"
