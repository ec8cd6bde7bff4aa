"""Pure: the usage of the chat dialect and of what compatible servers make of it: read, and told again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from providers.adapters.reading import mapping, tokens, usd
from providers.adapters.tool_uses import tool_uses
from providers.wire import Usage

_MOST_BESIDE = 1_000_000  # tokens; no model thinks more
_TICK_DIGITS = 10  # a tick is 10^-10 USD
# Where servers beside OpenAI count what they read from a cache: DeepSeek, Together, Mistral, and proxies
# that put the names of the messages dialect beside those of this one.
_CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens")


def usage_of(reported: Any, *, charged: Decimal | None = None) -> Usage | None:
    """Return the usage in a `usage` object, or None when it gives no credible counts.

    Nonsense (negative, absurd, no number, an input of nothing) is as if nothing were said: the
    answer is still good and paid for, and llmhub counts itself. Only where the provider says that
    it `charged` something are counts of nothing taken as they are.
    """
    if not reported:
        return None
    usage = mapping(reported)
    input_tokens, output_tokens = tokens(usage.get("prompt_tokens")), tokens(usage.get("completion_tokens"))
    if input_tokens is None or output_tokens is None:
        return None
    if charged is None:
        charged = _charged(usage)
    if not input_tokens and not charged:
        return None  # every call has an input: a broken server's would be free
    prompt = mapping(usage.get("prompt_tokens_details"))
    completion = mapping(usage.get("completion_tokens_details"))
    reasoning = _first(completion.get("reasoning_tokens"), usage.get("reasoning_tokens"))
    read, (written, written_1h) = _cached(usage, prompt), _written(usage, prompt)
    beside = _beside(usage, input_tokens + output_tokens)
    if beside != reasoning and beside in (read, written, read + written):
        input_tokens, beside = input_tokens + beside, 0  # as the messages dialect counts: without its cache
    output_tokens += beside
    searches, others = tool_uses(usage)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=min(input_tokens, read),
        cache_write_tokens=min(input_tokens, written),
        cache_write_1h_tokens=min(input_tokens, written, written_1h),
        reasoning_tokens=min(output_tokens, max(reasoning, beside)),
        web_searches=searches,
        other_rates=others or _is_more_than_text(prompt, completion),
        reported_cost=charged,
        estimated=beside not in (0, reasoning),
    )


def usage_told(usage: Usage) -> dict[str, Any]:
    """Return a usage in the words of the chat dialect, whose prompt includes what was cached."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _beside(usage: dict[str, Any], counted: int) -> int:
    """Return the tokens that only the total counts: servers that leave thoughts out of the output do so.

    They are billed as output. Source: https://github.com/mozilla-ai/any-llm/issues/1290
    """
    found = (tokens(usage.get("total_tokens")) or 0) - counted
    return found if 0 < found <= _MOST_BESIDE else 0


def _charged(usage: dict[str, Any]) -> Decimal | None:
    """Return what a call cost in USD, as Perplexity and xAI say it; None where nobody does.

    Sources: https://docs.perplexity.ai/api-reference/chat-completions-post and
    https://docs.x.ai/developers/cost-tracking (searches and discounts included)
    """
    ticks = usage.get("cost_in_usd_ticks")
    if isinstance(ticks, int) and not isinstance(ticks, bool):
        return usd(Decimal(ticks).scaleb(-_TICK_DIGITS))
    return usd(mapping(usage.get("cost")).get("total_cost"))


def _cached(usage: dict[str, Any], prompt: dict[str, Any]) -> int:
    """Return the cached tokens, from whichever places a server uses; 0 in one is no last word."""
    found = tokens(prompt.get("cached_tokens")) or 0
    for name in _CACHED:
        if name in usage:
            found = max(found, tokens(usage[name]) or 0)
    return found


def _written(usage: dict[str, Any], prompt: dict[str, Any]) -> tuple[int, int]:
    """Return the tokens written to a cache, and those of them that it keeps for an hour."""
    found = max(
        tokens(prompt.get("cache_write_tokens")) or 0,
        tokens(prompt.get("cache_creation_tokens")) or 0,
        tokens(usage.get("cache_creation_input_tokens")) or 0,
    )
    lifetimes = mapping(prompt.get("cache_creation_token_details")) if found else {}
    return found, tokens(lifetimes.get("ephemeral_1h_input_tokens")) or 0


def _is_more_than_text(prompt: dict[str, Any], completion: dict[str, Any]) -> bool:
    """Return whether it counts tokens that have a price of their own, which no price here says."""
    if prompt.get("audio_tokens") or prompt.get("video_tokens"):
        return True
    return bool(completion.get("audio_tokens") or completion.get("image_tokens"))


def _first(*values: Any) -> int:
    """Return the first credible count, or 0."""
    return next((count for value in values if (count := tokens(value)) is not None), 0)
