"""Pure: what a call holds of a budget, and what it is charged there, in the budget's unit."""

from __future__ import annotations

from collections.abc import Sequence

from billing.entries import AttemptEntry, Hold, Settle
from billing.totals import charged_nano, is_unpriced
from llmhub.lib import money

ALL = Hold(0, 0)  # of no budget: whatever is charged in USD counts
MAX_CALL_TOKENS = 10**12  # more is a provider's mistake


def held(hold: Hold, amount_nano: int) -> int:
    """Return what `hold` takes from its counter for a reservation of `amount_nano`."""
    return amount_nano if hold.amount is None else hold.amount


def charged(hold: Hold, all_attempts: Sequence[AttemptEntry], *, unknown_nano: int = 0) -> int:
    """Return what the budget of `hold` is charged for the attempts of a call.

    One of unknown cost is charged `unknown_nano`.
    """
    if not all_attempts:
        return 0
    attempts = _counted(hold, all_attempts)
    if hold.unit == "requests":
        return min(len(attempts), 1)
    if hold.unit == "tokens":
        return min(sum(_tokens(attempt) for attempt in attempts), MAX_CALL_TOKENS)
    unknown = unknown_nano and unknown_nano * sum(map(is_unpriced, attempts))
    return min(charged_nano(attempts) + unknown, money.MAX_CALL_NANO)


def beyond(entry: Settle) -> int:
    """Return what a call is charged beyond what a hard cap let it hold; 0 where it kept to that."""
    if entry.capped_nano is None:
        return 0
    return max(0, charged(ALL, entry.attempts, unknown_nano=entry.unknown_nano) - entry.capped_nano)


def charged_unheard(hold: Hold, estimate_nano: int) -> int:
    """Return what the budget of `hold` is charged for a call that nobody settled."""
    if hold.amount is None:
        return estimate_nano
    return min(hold.amount, estimate_nano) if hold.unit == "usd" else hold.amount


def _counted(hold: Hold, attempts: Sequence[AttemptEntry]) -> Sequence[AttemptEntry]:
    if hold.only is None:
        return attempts
    column, value = hold.only
    return [attempt for attempt in attempts if getattr(attempt, column) == value]


def _tokens(attempt: AttemptEntry) -> int:
    return max(attempt.input_tokens, 0) + max(attempt.output_tokens, 0)
