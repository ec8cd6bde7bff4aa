"""Pure: what a call asked of its model, kept with its record as two small numbers: bits of known words.

No word of a caller is kept: a parameter that is not in the list counts as `other`. The places of the
words are in the database: add new ones at the end.
"""

from __future__ import annotations

from collections.abc import Iterable

# Words of catalog.words.CAPABILITIES that a call may ask for.
NEEDS = ("stream", "tools", "json_mode", "json_schema", "vision", "documents", "audio_in", "reasoning")
OTHER = "other"
PARAMETERS = (
    OTHER, "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k",
    "top_a", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "n", "seed", "stop",
    "logit_bias", "logprobs", "top_logprobs", "tools", "tool_choice", "parallel_tool_calls",
    "response_format", "structured_outputs", "reasoning", "reasoning_effort", "include_reasoning",
    "verbosity", "web_search_options", "prediction", "dimensions", "encoding_format",
)  # fmt: skip
_NEED_BITS = {word: 1 << place for place, word in enumerate(NEEDS)}
_PARAMETER_BITS = {word: 1 << place for place, word in enumerate(PARAMETERS)}


def needs_number(words: Iterable[str]) -> int:
    """Return the needs named as a number; what is no need of a call is left out."""
    return sum({_NEED_BITS.get(word, 0) for word in words})


def needs_in(number: int) -> frozenset[str]:
    """Return the needs that a number stands for."""
    return frozenset(word for word, bit in _NEED_BITS.items() if number & bit)


def parameters_number(names: Iterable[str]) -> int:
    """Return names of parameters as a number; what is not known counts as `other`."""
    return sum({_PARAMETER_BITS.get(name, 1) for name in names})


def parameters_in(number: int) -> frozenset[str]:
    """Return the names that a number stands for."""
    return frozenset(name for name, bit in _PARAMETER_BITS.items() if number & bit)
