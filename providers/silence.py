"""Pure: how long an attempt may say nothing until that says something about its offer.

A provider that takes calls and answers none is ill as one that refuses them, and its time-outs come late: a
whole answer has ten minutes. So silence is measured by what the offer usually takes.
"""

from __future__ import annotations

from providers.live import Live

LEAST = 30.0  # seconds
TIMES = 3.0  # as long as 99 of 100 of its calls take
LONGER = 2.0  # times as long as an answer of the length that is allowed takes


def patience(live: Live, *, output_tokens: int | None = None) -> float | None:
    """Return the seconds; None where too little is known. `output_tokens` may come, of a whole answer."""
    if live.slowest_ms is None:
        return None
    seconds = max(LEAST, TIMES * live.slowest_ms / 1000)
    if output_tokens and live.tokens_per_second:
        seconds = max(seconds, LONGER * output_tokens / live.tokens_per_second)
    return seconds
