"""Pure: a degradation in words and numbers."""

from __future__ import annotations

from typing import Any

from llmhub.lib.figures import duration
from providers.degradation import Change, Measure, Usual
from providers.tally import PER_SECOND, Tally

NAMES: dict[str, str] = {
    "errors": "more calls fail",
    "latency": "calls take longer",
    "throughput": "answers come slower",
    "tool_calls": "tool calls are malformed",
    "schemas": "answers are not the JSON that was asked for",
}


def said_of(measure: str) -> str:
    """Return in words what has degraded."""
    return NAMES.get(measure, measure)


def begun(change: Change, usual: Usual, now: Tally) -> str:
    """Return what showed that it degraded; `now` are the calls of those minutes."""
    return f"{_share(change, usual)}; {_usually(change, usual)}{_medians(change.measure, usual, now)}"


def ended(change: Change, usual: Usual, now: Tally) -> str:
    """Return what showed that it is over."""
    if not change.count.calls:
        return "no call for an hour: nothing is known of it any more"
    return f"{_share(change, usual)}{_medians(change.measure, usual, now)}"


def facts(change: Change, usual: Usual) -> dict[str, Any]:
    """Return the numbers, for programs."""
    return {
        "measure": change.measure,
        "calls": change.count.calls,
        "bad": change.count.bad,
        "share": round(change.count.share, 4),
        "usual": round(change.usual, 4),
        "minutes": change.minutes,
        "slow_ms": usual.slow_ms and round(usual.slow_ms),
        "low_tokens_per_second": usual.low_speed and round(usual.low_speed / PER_SECOND, 1),
        "compared_with": "peers" if usual.of_peers else "its own last days",
    }


def _share(change: Change, usual: Usual) -> str:
    seen, span = change.count, f"in the last {change.minutes} minute{'' if change.minutes == 1 else 's'}"
    return f"{seen.bad} of {seen.calls} {_bad(change.measure, usual)} {span} ({_percent(seen.share)})"


def _bad(measure: Measure, usual: Usual) -> str:
    if measure == "latency":
        return f"calls took longer than {duration(round(usual.slow_ms or 0))}"
    if measure == "throughput":
        return f"answers came at less than {_speed(usual.low_speed)}"
    if measure == "tool_calls":
        return "tool calls had arguments that are no JSON"
    return "answers that were to be JSON are none" if measure == "schemas" else "calls failed"


def _usually(change: Change, usual: Usual) -> str:
    whose = "at others that serve the model" if usual.of_peers else "usually"
    return f"{whose} {_percent(change.usual)} at most"


def _medians(measure: Measure, usual: Usual, now: Tally) -> str:
    if measure == "latency":
        return f"; half took {_ms(now.latency.percentile(50))}, usually {_ms(usual.latency_ms)}"
    if measure == "throughput":
        return f"; the middle is {_speed(now.speed.percentile(50))}, usually {_speed(usual.speed)}"
    return ""


def _ms(value: int | None) -> str:
    return "an unknown time" if value is None else duration(value)


def _speed(tenths: float | None) -> str:
    return "an unknown speed" if tenths is None else f"{tenths / PER_SECOND:.1f} tokens/s"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
