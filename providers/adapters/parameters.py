"""Pure: parameters of a call as typed descriptors: type, range, words, what each needs or rules out.

A descriptor is JSON: `type` (number, integer, boolean, enum, text, list, object), `min` and `max`
(both included), `values` of an enum, `default`, `requires` and `excludes` (names of others).

Sources: https://openrouter.ai/docs/api-reference/parameters and the published OpenAPI documents
of the chat dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_WHOLE = {"type": "integer", "min": 1}
_CHAT: Mapping[str, Mapping[str, Any]] = {
    "max_tokens": {**_WHOLE, "excludes": ["max_completion_tokens"]},
    "max_completion_tokens": {**_WHOLE, "excludes": ["max_tokens"]},
    "temperature": {"type": "number", "min": 0, "max": 2},
    "top_p": {"type": "number", "min": 0, "max": 1},
    "top_k": {"type": "integer", "min": 0},
    "top_a": {"type": "number", "min": 0, "max": 1},
    "min_p": {"type": "number", "min": 0, "max": 1},
    "frequency_penalty": {"type": "number", "min": -2, "max": 2},
    "presence_penalty": {"type": "number", "min": -2, "max": 2},
    "repetition_penalty": {"type": "number", "min": 0, "max": 2},
    "seed": {"type": "integer"},
    "stop": {"type": "list"},
    "logit_bias": {"type": "object"},
    "logprobs": {"type": "boolean"},
    "top_logprobs": {"type": "integer", "min": 0, "max": 20, "requires": ["logprobs"]},
    "tools": {"type": "list"},
    "tool_choice": {"type": "object", "requires": ["tools"]},
    "parallel_tool_calls": {"type": "boolean", "requires": ["tools"]},
    "response_format": {"type": "object"},
    "structured_outputs": {"type": "boolean"},
    "reasoning": {"type": "object", "excludes": ["reasoning_effort"]},
    "reasoning_effort": {"type": "enum", "values": list(EFFORTS), "excludes": ["reasoning"]},
    "include_reasoning": {"type": "boolean"},
    "verbosity": {"type": "enum", "values": ["low", "medium", "high"]},
    "web_search_options": {"type": "object"},
    "prediction": {"type": "object"},
}


def described(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the descriptors of parameters of the chat dialect, by name; `any` where one is not known."""
    return {name: dict(_CHAT.get(name, {"type": "any"})) for name in sorted(set(names))}
