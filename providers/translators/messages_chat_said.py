"""Pure: what a chat provider says about an answer, whole or streamed, as a message says it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from providers.adapters.reading import mapping
from providers.translators.messages_chat_draft import Draft
from providers.translators.messages_chat_names import message_id
from providers.wire import Usage

_STOP_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def first_choice(choices: Iterable[Any]) -> dict[str, Any]:
    """Return the choice of index 0, the only one that a message can hold; {} when there is none."""
    for place, choice in enumerate(map(mapping, choices)):
        index = choice.get("index")
        if (index if isinstance(index, int) else place) == 0:
            return choice
    return {}


def message(upstream_id: str, model: str, usage: Usage | None) -> dict[str, Any]:
    """Return a message before anything was generated."""
    return {
        "id": message_id(upstream_id),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": message_usage(usage),
    }


def stop_reason(finish_reason: str, draft: Draft) -> str:
    """Return why the model stopped; a word that nobody knows is its end."""
    if draft.is_refused:
        return "refusal"
    reason = _STOP_REASONS.get(finish_reason, "end_turn")
    return "tool_use" if draft.has_calls and reason == "end_turn" else reason


def message_usage(usage: Usage | None) -> dict[str, Any]:
    """Return the usage as a message tells it, where the input leaves out what a cache holds.

    Some providers report the same tokens as read and as written: those are taken off once.
    """
    usage = usage or Usage()
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    cached = max(read, written) if read == written or read + written > usage.input_tokens else read + written
    told: dict[str, Any] = {
        "input_tokens": max(0, usage.input_tokens - cached),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return told
