"""Pure: what a call needs of a model, read from its body, and whether a model has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from catalog.words import CAPABILITIES
from routing.bound import BYTES_PER_TOKEN, Size
from routing.snapshot import EntryValue

Needs = frozenset[str]  # words of `CAPABILITIES`
NOTHING: Needs = frozenset()

_BY_KIND = {"image": "vision", "document": "documents", "audio": "audio_in"}  # of what is in a message
_ALSO = {"json_mode": ("json_schema",)}  # who has the stronger one has the weaker one
_BY_INPUT = {"vision": "image", "documents": "document", "audio_in": "audio"}  # said as an input as well


def needed(kinds: Iterable[str], *, tools: bool, form: str = "", reasoning: bool = False) -> Needs:
    """Return what a call needs; `kinds` are what its messages hold besides text, `form` its answer's."""
    found = {need for kind in kinds if (need := _BY_KIND.get(kind))}
    if tools:
        found.add("tools")
    if form:
        found.add(form)
    if reasoning:
        found.add("reasoning")
    return frozenset(found) if found else NOTHING


def lacking(entry: EntryValue, needs: Needs) -> tuple[str, ...]:
    """Return what a model has not of what is needed; of a model about which nothing is said, nothing."""
    if not needs or not entry.capabilities:
        return ()
    return tuple(sorted(need for need in needs if not has(need, entry.capabilities, entry.input_modalities)))


def too_small(entry: EntryValue, size: Size) -> str:
    """Return in words what of a model is too small for a call, as far as can be guessed, or ""."""
    limit = size.output_limit
    if limit is not None and entry.output_limit_tokens is not None and limit > entry.output_limit_tokens:
        return f"it writes {entry.output_limit_tokens} tokens, {limit} are asked for"
    if entry.context_tokens is None or size.files:
        return ""
    wanted = size.body_bytes // BYTES_PER_TOKEN + (limit or 0)
    if wanted <= entry.context_tokens:
        return ""
    return f"its context of {entry.context_tokens} tokens is smaller than about {wanted}"


def in_words(needs: Iterable[str]) -> str:
    """Return what models that have it can do: "reads images and calls tools"."""
    return " and ".join(CAPABILITIES.get(need, need) for need in needs)


def has(need: str, capabilities: Collection[str], inputs: Collection[str]) -> bool:
    """Return whether who has these capabilities, and takes these inputs, has what is needed."""
    if need in capabilities or _BY_INPUT.get(need) in inputs:
        return True
    return any(stronger in capabilities for stronger in _ALSO.get(need, ()))
