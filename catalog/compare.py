"""Models side by side: which facts differ, and what each costs where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.availability import EntryNow, OfferNow
from catalog.words import CAPABILITIES

MOST_COMPARED = 4


@dataclass(frozen=True)
class Row:
    """One fact of each model, in the order of the models."""

    label: str
    values: tuple[Any, ...]
    kind: str = "text"  # text, tokens, day, words

    @property
    def differs(self) -> bool:
        """Whether the models are not all alike in it."""
        return any(value != self.values[0] for value in self.values[1:])


@dataclass(frozen=True)
class Comparison:
    """Some models side by side."""

    models: tuple[EntryNow, ...]
    facts: tuple[Row, ...]
    abilities: tuple[Row, ...]  # True, False; None where nothing is known
    offers: tuple[tuple[OfferNow, ...], ...]  # of each model
    parameters: tuple[Row, ...]  # the descriptor, {} where it is not taken; None where nothing is known


def compare(rows: Sequence[EntryNow]) -> Comparison:
    """Return `rows` side by side."""
    entries = [row.entry for row in rows]
    facts = [
        Row("Context", tuple(entry.context_tokens for entry in entries), "tokens"),
        Row("Output limit", tuple(entry.output_limit_tokens for entry in entries), "tokens"),
        Row("Takes", tuple(tuple(entry.input_modalities) for entry in entries), "words"),
        Row("Gives", tuple(tuple(entry.output_modalities) for entry in entries), "words"),
        Row("Family", tuple(entry.family for entry in entries)),
        Row("Released", tuple(entry.released_on for entry in entries), "day"),
        Row("Knows until", tuple(entry.knowledge_on for entry in entries), "day"),
        Row("Deprecated", tuple(entry.deprecated_on for entry in entries), "day"),
        Row("Ends", tuple(entry.sunset_on for entry in entries), "day"),
        Row("Source", tuple(entry.get_source_display() for entry in entries)),
    ]
    abilities = [
        Row(meaning[:1].upper() + meaning[1:], tuple(_can(entry.capabilities, word) for entry in entries))
        for word, meaning in CAPABILITIES.items()
    ]
    taken = sorted({name for entry in entries for name in entry.parameters})
    parameters = [Row(name, tuple(_taken(entry.parameters, name) for entry in entries)) for name in taken]
    return Comparison(
        models=tuple(rows),
        facts=tuple(row for row in facts if any(row.values)),
        abilities=tuple(row for row in abilities if any(row.values)),
        offers=tuple(row.offers for row in rows),
        parameters=tuple(parameters),
    )


def _can(capabilities: list[str], word: str) -> bool | None:
    return None if not capabilities else word in capabilities


def _taken(parameters: dict[str, Any], name: str) -> dict[str, Any] | None:
    return parameters.get(name, {}) if parameters else None
