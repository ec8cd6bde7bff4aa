"""Pure: how servers of the chat dialect differ, as facts.

Each row says what a client of such a server meets; seen in recordings of the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Style:
    """The habits of one kind of server."""

    # Where a stream says its usage: in a last chunk without choices if asked for, in a last chunk
    # with a choice, in the chunk that finishes, in every chunk, in a place of its own, nowhere.
    usage: Literal["asked", "last", "finish", "every", "x_groq", "never"] = "asked"
    done: bool = True  # a stream ends with [DONE]
    comments: tuple[str, ...] = ()  # before the first event
    reasoning: str = ""  # the field of reasoning text; "": it is not shown
    reports_cost: bool = False
    native_finish: bool = False
    preamble: bool = False  # a first chunk with empty id, model and choices
    message_beside_delta: bool = False
    flat_cached: bool = False  # cached_tokens directly in usage
    cache_hit_miss: bool = False  # prompt_cache_hit_tokens beside the details
    id_prefix: str = "chatcmpl-"
    extra: dict[str, Any] = field(default_factory=dict)  # fields of the whole answer and of each chunk


STYLES: dict[str, Style] = {
    "plain": Style(extra={"service_tier": "default", "system_fingerprint": None}),
    "openrouter": Style(
        usage="last",
        comments=("OPENROUTER PROCESSING", "OPENROUTER PROCESSING"),
        reasoning="reasoning",
        reports_cost=True,
        native_finish=True,
        id_prefix="gen-",
        extra={"provider": "Simulated"},
    ),
    "deepseek": Style(usage="finish", reasoning="reasoning_content", cache_hit_miss=True),
    "groq": Style(usage="x_groq", reasoning="reasoning"),
    "mistral": Style(usage="finish", id_prefix=""),
    "perplexity": Style(usage="every", done=False, message_beside_delta=True),
    "together": Style(usage="finish", flat_cached=True),
    "cerebras": Style(usage="finish", reasoning="reasoning", extra={"time_info": {"total_time": 0.01}}),
    "vllm": Style(),
    "no_usage": Style(usage="never"),
    "azure": Style(preamble=True, extra={"system_fingerprint": "fp_simulated"}),
}
