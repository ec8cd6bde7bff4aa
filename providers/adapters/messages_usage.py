"""Pure: the usage of the messages dialect, normalised.

Source: https://platform.claude.com/docs/en/api/messages#response-usage

Web searches are counted, and priced where the model has a price for them. What other tools of the
provider's own cost, other model calls (`iterations`), a faster or a regional service is billed beside the
tokens or at other rates: a usage says that it is so, its cost is then an estimate. A call that may ask for
any of these is unbounded under a hard cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from providers.adapters.reading import items, mapping, tokens
from providers.adapters.tool_uses import tool_uses
from providers.wire import Usage

_EVERYWHERE = (None, "", "global", "not_available")  # of `inference_geo`
_BYTES_PER_TOKEN = 4  # of English text, as everywhere in llmhub


def usage_of(reported: Any) -> Usage | None:
    """Return the usage in a `usage` object, or None when it gives no credible counts.

    `input_tokens` here is only what no cache was asked about; what was written to the cache and what
    was read from it stand beside it. Null and absent are 0 for those two; nonsense anywhere (negative,
    absurd, no number, an input of nothing) is as if nothing were said.
    """
    usage = mapping(reported)
    lifetimes = mapping(usage.get("cache_creation"))
    fresh, output = tokens(usage.get("input_tokens")), tokens(usage.get("output_tokens"))
    written, read = _written(usage, lifetimes), _count(usage.get("cache_read_input_tokens"))
    if fresh is None or output is None or written is None or read is None:
        return None
    total = tokens(fresh + written + read)
    if not total:
        return None  # every call has an input: a broken server's would be free
    searches, others = tool_uses(usage)
    thought = tokens(mapping(usage.get("output_tokens_details")).get("thinking_tokens"))
    return Usage(
        input_tokens=total,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=min(written, tokens(lifetimes.get("ephemeral_1h_input_tokens")) or 0),
        reasoning_tokens=min(output, thought or 0),
        web_searches=searches,
        other_rates=others or _has_other_rates(usage),
    )


def _has_other_rates(usage: Mapping[str, Any]) -> bool:
    """Return whether more was billed than these tokens at the price of the model."""
    elsewhere = usage.get("inference_geo") not in _EVERYWHERE
    return elsewhere or usage.get("speed") == "fast" or len(items(usage.get("iterations"))) > 1


def in_a_container(usage: Usage | None, said: Mapping[str, Any]) -> Usage | None:
    """Return the usage of an answer, which names the container in which the provider ran code.

    That is billed by time, which no usage counts.
    Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool#usage-and-pricing
    """
    return replace(usage, other_rates=True) if usage and said.get("container") else usage


def merged(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known once `later` was said: counts are cumulative, so a later one wins.

    Null says nothing.
    """
    return {**earlier, **{field: value for field, value in later.items() if value is not None}}


def counted_by_us(usage: Usage | None, *, text_bytes: int) -> Usage | None:
    """Return the usage of an answer whose end does not count it: the input that was said, our own output."""
    if usage is None:
        return None
    output = max(usage.output_tokens, -(-text_bytes // _BYTES_PER_TOKEN))
    return replace(usage, output_tokens=output, reasoning_tokens=0, estimated=True)


def _written(usage: Mapping[str, Any], lifetimes: Mapping[str, Any]) -> int | None:
    """Return all tokens written to the cache; the sum over their lifetimes where only that is said."""
    if usage.get("cache_creation_input_tokens") is not None or not lifetimes:
        return _count(usage.get("cache_creation_input_tokens"))
    five_minutes = tokens(lifetimes.get("ephemeral_5m_input_tokens")) or 0
    return tokens(five_minutes + (tokens(lifetimes.get("ephemeral_1h_input_tokens")) or 0))


def _count(value: Any) -> int | None:
    """Return a count that may be left out, or None where there is one that is not credible."""
    return 0 if value is None else tokens(value)
