"""Pure: parameters of a call as typed descriptors: type, range, words, what each needs or rules out.

A descriptor is JSON: `type`, `min` and `max` (both included), `values` of an enum, `default`,
`requires` and `excludes` (names of others), `source` (where it was read).

Sources: https://openrouter.ai/docs/api-reference/parameters and the published OpenAPI documents
of the chat dialect.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "enum": "one of some words or numbers",
    "text": "a text",
    "texts": "a text or a list of texts",
    "list": "a list",
    "object": "an object",
    "any": "anything",
}
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
    "n": {"type": "integer", "min": 1, "max": 128},
    "seed": {"type": "integer"},
    "stop": {"type": "texts"},
    "logit_bias": {"type": "object"},
    "logprobs": {"type": "boolean"},
    "top_logprobs": {"type": "integer", "min": 0, "max": 20, "requires": ["logprobs"]},
    "tools": {"type": "list"},
    "tool_choice": {"type": "any", "requires": ["tools"]},  # a word, or an object that names a tool
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

NAMES = tuple(_CHAT)  # of the parameters that the dialect itself describes
# How many tokens an answer may have, by any of its names.
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# Names of the messages dialect for parameters that the chat dialect has too.
ALSO_CALLED = {"stop_sequences": "stop", "thinking": "reasoning"}
# Fields of a call that say what is asked, by whom and how it is carried: no parameters of a model.
CARRIED = frozenset(
    {
        "audio", "cache_control", "container", "functions", "function_call", "include", "inference_geo",
        "input", "instructions", "llmhub", "mcp_servers", "messages", "metadata", "modalities", "model",
        "models", "output_config", "plugins", "prompt", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "provider", "route", "safety_identifier", "service_tier", "session_id",
        "speed", "store", "stream", "stream_options", "system", "trace", "transforms", "usage", "user",
    }
)  # fmt: skip
# What can be said to a provider of the messages dialect; the rest is dropped on the way.
SAID_IN_MESSAGES = frozenset(
    {
        *LIMITS, "temperature", "top_p", "top_k", "stop", "tools", "tool_choice", "parallel_tool_calls",
        "response_format", "reasoning", "reasoning_effort", "include_reasoning",
    }
)  # fmt: skip


def described(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the descriptors of parameters of the chat dialect, by name; `any` where one is not known."""
    return {name: dict(_CHAT.get(name, {"type": "any"})) for name in sorted(set(names))}


def completed(name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a descriptor with what the chat dialect says of this parameter beside `own`.

    One with a `type` is whole as it is. One of a name that the dialect does not have is an enum
    where it has `values`.
    """
    if "type" in own:
        return dict(own)
    if name in _CHAT:
        return {**_CHAT[name], **({"type": "enum"} if "values" in own else {}), **own}
    return {"type": "enum", **own} if "values" in own else dict(own)


def fits(value: Any, kind: str) -> bool:
    """Return whether a value of JSON is of a type; `1.0` is a whole number, true is no number."""
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return isinstance(value, int) or (math.isfinite(value) and (kind == "number" or value.is_integer()))
    if kind == "texts":
        return isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(text, str) for text in value)
        )
    plain = {"boolean": bool, "text": str, "list": list, "object": dict}
    return kind not in plain or isinstance(value, plain[kind])
