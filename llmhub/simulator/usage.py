"""Pure: what the simulator says it has counted and charged."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmhub.simulator.paths import Path
from llmhub.simulator.replies import Ask, Reply
from llmhub.simulator.styles import Style

INPUT_PRICE, OUTPUT_PRICE = Decimal("0.15"), Decimal("0.60")  # USD per million tokens, our own invention
MTOK = Decimal(1_000_000)
ABSURD = 10**15
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens")


def counted(ask: Ask, replies: Sequence[Reply], path: Path, style: Style) -> dict[str, Any]:
    """Return the usage object of a call, as true or as wrong as the path wants it."""
    output = sum(reply.tokens for reply in replies)
    thoughts = sum(len(reply.thoughts) for reply in replies)
    cached, written = path.number("cached"), path.number("written")
    given = max(ask.prompt_tokens, cached + written)  # cached tokens are part of the input
    details = {"cached_tokens": cached, "audio_tokens": 0}
    if written:
        details["cache_write_tokens"] = written
    usage: dict[str, Any] = {
        "prompt_tokens": given,
        "completion_tokens": output,
        "total_tokens": given + output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": thoughts, "audio_tokens": 0},
    }
    if style.flat_cached:
        usage["cached_tokens"] = cached
    if style.cache_hit_miss:
        usage |= {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": given - cached}
    if "searches" in path:
        usage["server_tool_use"] = _searched(path)
    if style.reports_cost or "cost" in path:
        usage |= _charged(given, output, path)
    return _spoilt(usage, path.text("usage"))


def _searched(path: Path) -> dict[str, int]:
    return {"web_search_requests": path.number("searches")}


def counted_messages(ask: Ask, reply: Reply, path: Path, *, one_hour: bool) -> dict[str, Any]:
    """Return the usage object of a call of the messages dialect: its input leaves out what a cache knows."""
    cached, written = path.number("cached"), path.number("written")
    usage: dict[str, Any] = {
        "input_tokens": max(0, ask.prompt_tokens - cached - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if one_hour else written,
            "ephemeral_1h_input_tokens": written if one_hour else 0,
        },
        "output_tokens": reply.tokens,
        "output_tokens_details": {"thinking_tokens": len(reply.thoughts)},
        "service_tier": "standard",
    }
    if "searches" in path:
        usage["server_tool_use"] = _searched(path)
    return _spoilt(usage, path.text("usage"))


def counted_embeddings(prompt_tokens: int, path: Path, style: Style) -> dict[str, Any]:
    """Return the usage object of embeddings, which have no output."""
    usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    if style.reports_cost or "cost" in path:
        usage |= _charged(prompt_tokens, 0, path)
    return _spoilt(usage, path.text("usage"))


def _charged(given: int, output: int, path: Path) -> dict[str, Any]:
    """Return what the account was charged, digit by digit as the path says it."""
    usd = path.text("cost") or format((given * INPUT_PRICE + output * OUTPUT_PRICE) / MTOK, "f")
    cost = msgspec.Raw(usd.encode())
    return {"cost": cost, "is_byok": False, "cost_details": {"upstream_inference_cost": cost}}


def _spoilt(usage: dict[str, Any], how: str) -> dict[str, Any]:
    """Return usage with its numbers made wrong."""
    wrong = {
        "negative": lambda count: -count,
        "huge": lambda count: ABSURD + count,
        "text": lambda count: f"{count} tokens",
        "zero": lambda count: 0 * count,
    }.get(how)
    if how == "no_output":
        return usage | _no_output(usage)
    if wrong is None:
        return usage
    return usage | {name: wrong(usage[name]) for name in COUNTS if name in usage}


def _no_output(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of an answer of nothing, in the words of its dialect."""
    if "output_tokens" in usage:
        return {"output_tokens": 0}
    return {"completion_tokens": 0, "total_tokens": usage["prompt_tokens"]}
