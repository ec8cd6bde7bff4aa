"""What spend can be told apart by, as pages, programs and addresses name it and its values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from billing.models import ApiKey
from billing.spend_read import COLUMNS, Column, tag_columns
from catalog.models import CatalogEntry
from llmhub.people.models import Team, User
from providers.models import Provider

_TEAM_OF = {"team": "pk", "key": "team_id", "person": "keys__team_id"}  # what is of a team, by which column
NONE = "(none)"  # the value of calls that have none, in addresses
_MAX_ID = 2**63 - 1
Value = int | str


@dataclass(frozen=True)
class Dimension:
    """One way to tell calls apart."""

    word: str  # in addresses and answers: "team", "tag:env"
    label: str
    column: Column
    model: type[Model] | None = None  # what its ids stand for; None: its values are words
    field: str = ""  # which field of that addresses name it by
    nothing: str = "None"  # what calls without a value are called


@dataclass(frozen=True)
class Name:
    """How a value is shown, and how addresses and programs write it."""

    label: str
    public: str
    hint: str = ""  # tells apart what has the same label


SOURCES = {
    "reported": "Reported by the provider",
    "computed": "Computed from tokens",
    "estimated": "Estimated",
    "reconciled": "Corrected to the bill",
    "adjusted": "Corrected by a person",
    "unpriced": "Unknown cost",
}
_FIXED = {
    each.word: each
    for each in (
        Dimension("team", "Team", COLUMNS["team_id"], Team, "slug", "No team"),
        Dimension("key", "Key", COLUMNS["key_id"], ApiKey, "pk", "No key"),
        Dimension("person", "Person", COLUMNS["person_id"], User, "email", "Keys of services"),
        Dimension("provider", "Provider", COLUMNS["provider_id"], Provider, "slug", "No provider"),
        Dimension("model", "Model", COLUMNS["entry_id"], CatalogEntry, "slug", "No model"),
        Dimension("requested", "Name asked for", COLUMNS["requested"], nothing="Not recorded"),
        Dimension("cost_centre", "Cost centre", COLUMNS["cost_centre"], nothing="Callers"),
        Dimension("source", "Source of the cost", COLUMNS["cost_source"], nothing="Not recorded"),
    )
}


def dimensions() -> dict[str, Dimension]:
    """Return every dimension by its word, the report tags last."""
    tags = tag_columns()
    return _FIXED | {
        word: Dimension(word, f"Tag {word.removeprefix('tag:')}", column, nothing="Without the tag")
        for word, column in tags.items()
    }


def parse(dimension: Dimension, text: str, *, teams: frozenset[int] | None = None) -> Value:
    """Return the value that an address names. Raises `ValueError` where there is none.

    With `teams`, what is of other teams is not there: not even its name is told.
    """
    if text == NONE:
        return 0 if dimension.column.is_number else ""
    if "\0" in text or len(text) > 300:
        raise ValueError(f"{dimension.label}: this is no value of it")
    if dimension.model is None:
        return text
    rows = dimension.model._default_manager.all()
    is_hidden = teams is not None and dimension.word in _TEAM_OF
    if text.startswith("#") or dimension.field == "pk":
        number = _number(dimension, text.removeprefix("#"))
        if not is_hidden:
            return number
        rows = rows.filter(pk=number)
    else:
        rows = rows.filter(**{dimension.field: text})
    if is_hidden:
        rows = rows.filter(**{f"{_TEAM_OF[dimension.word]}__in": teams or ()})
    for pk in rows.values_list("pk", flat=True)[:1]:
        return int(pk)
    raise ValueError(f"there is no {dimension.label.lower()} {text[:80]!r}: take one from the list")


def _number(dimension: Dimension, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= _MAX_ID):
        raise ValueError(f"{dimension.label}: {text[:40]!r} is no number")
    return int(text)


def names(dimension: Dimension, values: Collection[Value]) -> Mapping[Value, Name]:
    """Return how values are shown; what was deleted since is a number."""
    if dimension.model is None:
        return {value: _word(dimension, str(value)) for value in values}
    found: dict[Any, Any] = dimension.model._default_manager.in_bulk([value for value in values if value])
    return {value: _name(dimension, value, found.get(value)) for value in values}


def _word(dimension: Dimension, value: str) -> Name:
    if not value:
        return Name(dimension.nothing, NONE)
    return Name(SOURCES.get(value, value) if dimension.word == "source" else value, value)


def _name(dimension: Dimension, value: Value, found: Any) -> Name:
    if not value:
        return Name(dimension.nothing, NONE)
    if found is None:
        return Name(f"{dimension.label} {value}, deleted", f"#{value}")
    if isinstance(found, ApiKey):
        return Name(found.name, str(value), f"key {value}, {found.prefix}…")
    if isinstance(found, CatalogEntry):
        return Name(found.slug, found.slug, found.name)
    public = str(getattr(found, dimension.field))
    return Name(str(found), public, public)
