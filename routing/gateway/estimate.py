"""Pure: what an attempt used, where its provider did not say; always marked as an estimate."""

from __future__ import annotations

from msgspec.structs import replace

from billing.rules import DEFAULT_OUTPUT_TOKENS
from providers.wire import Usage
from routing.bound import BYTES_PER_TOKEN, Size

TOKENS_PER_SECOND = 50  # of an answer nobody has seen, while an offer's own speed is not known


def estimate(size: Size, *, text_bytes: int, unseen_seconds: float = 0) -> Usage:
    """Return the input and the output that was seen, `text_bytes` of it.

    Of an answer that nobody has seen (not streamed, and left before it came) the output is as
    much as `unseen_seconds` allowed, within the caller's limit (R-08).
    """
    output = _tokens(text_bytes)
    if unseen_seconds and not text_bytes:
        limit = DEFAULT_OUTPUT_TOKENS if size.output_limit is None else size.output_limit
        output = min(int(unseen_seconds * TOKENS_PER_SECOND), limit) * size.answers
    return Usage(input_tokens=_tokens(size.body_bytes), output_tokens=output, estimated=True)


def at_least(usage: Usage, *, text_bytes: int) -> Usage:
    """Return what a provider counted before its answer ended, with no less output than was seen."""
    output = _tokens(text_bytes)
    if output <= usage.output_tokens:
        return usage
    return replace(usage, output_tokens=output, reported_cost=None, estimated=True)


def _tokens(count: int) -> int:
    return -(-count // BYTES_PER_TOKEN)
