"""docker-compose.yml as Compose reads it: variables put in, services in the order of their start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parent.parent.parent / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[?-])(?P<rest>[^}]*))?\}")


class Missing(Exception):
    """A variable that has to be set is not."""


def read(variables: Mapping[str, str]) -> dict:
    """The services by name. Raises `Missing`."""
    return _put_in(yaml.safe_load(FILE.read_text())["services"], variables)


def _put_in(node, variables: Mapping[str, str]):
    if isinstance(node, dict):
        return {key: _put_in(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_put_in(value, variables) for value in node]
    return VARIABLE.sub(lambda found: _value(found, variables), node) if isinstance(node, str) else node


def _value(found: re.Match, variables: Mapping[str, str]) -> str:
    value = variables.get(found["name"], "")
    if not value and found["how"] == "?":
        raise Missing(f"{found['name']}: {found['rest']}")
    return value or (found["rest"] if found["how"] == "-" else "")


def in_order(services: dict) -> list[str]:
    """The names, each after those it depends on."""
    order: list[str] = []

    def add(name: str) -> None:
        for other in services[name].get("depends_on", {}):
            add(other)
        if name not in order:
            order.append(name)

    for name in services:
        add(name)
    return order
