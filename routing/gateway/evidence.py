"""What an attempt says about its offer, for the statistics."""

from __future__ import annotations

import time
from collections.abc import Mapping

from providers.errors import (
    BadReply,
    ComeAgain,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    TargetMisconfigured,
    TooLarge,
    Truncated,
)
from providers.tally import Ending, Outcome
from routing.gateway.account import Account
from routing.gateway.ear import Judged
from routing.gateway.note import Note
from routing.gateway.reading import BrokeOff
from routing.gateway.watch import Watch

_LEAST_TOKENS = 8  # of an answer whose speed says something
_ENDINGS: tuple[tuple[type[ProviderError], Ending], ...] = (  # the first that fits
    (TooLarge, "rejected"),  # any caller could ask for one
    (ComeAgain, "rejected"),  # of this one call
    (ProviderTimeout, "timeout"),
    (Truncated, "broken_off"),
    (BrokeOff, "broken_off"),
    (RateLimited, "rate_limited"),
    (TargetMisconfigured, "refused"),
    (ProviderUnavailable, "error"),
    (BadReply, "error"),
)


def outcome_of(
    account: Account, note: Note, error: BaseException | None = None, *, deadline: float = 0.0
) -> Outcome:
    """Return how an attempt ended, `error` broke it; `deadline` is that of the whole request, in seconds."""
    if error is None:
        return _answered(note)
    if isinstance(error, ProviderError):
        return Outcome(ending_of(error))
    now = time.monotonic()
    if note.is_silent or 0 < deadline <= now - account.started:
        return Outcome("timeout")
    return Outcome("caller_left" if account.cut_at is None or now < account.cut_at else "cut_short")


def ending_of(error: ProviderError) -> Ending:
    """Return how an attempt ended that a provider's failure broke."""
    return next((name for kind, name in _ENDINGS if isinstance(error, kind)), "rejected")


def _answered(note: Note) -> Outcome:
    judged = Judged() if note.ear is None else note.ear.judged()
    return Outcome(
        "ok",
        latency_ms=note.latency_ms,
        ttft_ms=note.ttft_ms,
        tokens_per_second=_speed(note),
        tool_calls=judged.tool_calls,
        bad_tool_calls=judged.bad_tool_calls,
        schemas=judged.schemas,
        bad_schemas=judged.bad_schemas,
    )


def _speed(note: Note) -> float | None:
    """Return the output tokens over the time in which they were generated, None where nobody counted."""
    usage = note.heard.usage
    if usage is None or usage.estimated or usage.output_tokens < _LEAST_TOKENS:
        return None
    ms = note.latency_ms - (note.ttft_ms or 0)
    return usage.output_tokens * 1000 / ms if ms > 0 else None


class Models:
    """Tells which offers serve the same model, by the snapshot that is live."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._version = -1
        self._models: Mapping[int, int] = {}

    def __call__(self) -> Mapping[int, int]:
        """Return the id of each offer's model."""
        snapshot = self._watch.snapshot
        if snapshot.version != self._version:
            entries = snapshot.entries.values()
            self._models = {offer.id: entry.id for entry in entries for offer in entry.offers}
            self._version = snapshot.version
        return self._models
