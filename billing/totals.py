"""Pure: what a usage record says about all its attempts together.

The caller is charged for every attempt. When one of them has no known cost, the record's cost is
unknown as a whole, with a reason: a part of it would read like all of it. Budgets are charged the
known part, since nobody can say what the rest was.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from billing.entries import AttemptEntry
from llmhub.lib import money

UNPRICED = "unpriced"
CUT_REASONS = ("length", "max_tokens")  # an answer ended at its limit, in the words of both dialects
_INPUT, _OUTPUT = attrgetter("input_tokens"), attrgetter("output_tokens")
_READ, _WRITTEN = attrgetter("cache_read_tokens"), attrgetter("cache_write_tokens")
_REASONING = attrgetter("reasoning_tokens")
_DOUBT = ("reported", "reconciled", "computed", "estimated")  # the last one found names the sum


class Totals(msgspec.Struct, frozen=True):
    """Sums over the attempts of one call, and the attempt that stands for it."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_nano: int | None  # None: unknown
    cost_source: str
    charged_nano: int  # what budgets are charged
    answered: AttemptEntry | None  # the attempt that answered, else the last one


_NOTHING = Totals(
    input_tokens=0,
    output_tokens=0,
    cache_read_tokens=0,
    cache_write_tokens=0,
    reasoning_tokens=0,
    cost_nano=0,
    cost_source="computed",
    charged_nano=0,
    answered=None,
)


def _used(attempt: AttemptEntry) -> bool:
    return bool(attempt.input_tokens or attempt.output_tokens)


def is_unpriced(attempt: AttemptEntry) -> bool:
    """Return whether nobody knows what the attempt cost; a failure without usage cost nothing."""
    if attempt.cost_nano is not None:
        return False
    return attempt.status != "error" or _used(attempt) or attempt.cost_source == UNPRICED


def _source(attempts: Sequence[AttemptEntry]) -> str:
    """Return the least certain source among the attempts that cost something."""
    if any(is_unpriced(attempt) for attempt in attempts):
        return UNPRICED
    paid = [attempt for attempt in attempts if attempt.cost_nano or _used(attempt)]
    found = [attempt.cost_source for attempt in paid if attempt.cost_source in _DOUBT]
    return max(found, key=_DOUBT.index, default="computed")


def total(attempts: Sequence[AttemptEntry]) -> Totals:
    """Return the sums over `attempts`; a call that was never sent costs 0."""
    if not attempts:
        return _NOTHING
    charged = charged_nano(attempts)
    source = _source(attempts)
    answers = [attempt for attempt in attempts if attempt.status == "ok"] or list(attempts)
    return Totals(
        input_tokens=sum(map(_INPUT, attempts)),
        output_tokens=sum(map(_OUTPUT, attempts)),
        cache_read_tokens=sum(map(_READ, attempts)),
        cache_write_tokens=sum(map(_WRITTEN, attempts)),
        reasoning_tokens=sum(map(_REASONING, attempts)),
        cost_nano=None if source == UNPRICED else charged,
        cost_source=source,
        charged_nano=charged,
        answered=answers[-1],
    )


def charged_nano(attempts: Sequence[AttemptEntry]) -> int:
    """Return what budgets are charged for `attempts`: what is known of their costs."""
    return sum([_bounded(attempt.cost_nano or 0) for attempt in attempts])


def beside_nano(attempts: Sequence[AttemptEntry], *, status: str) -> int:
    """Return what attempts cost besides the one that answered; 0 where nobody knows, or none did."""
    answers = [attempt for attempt in attempts if attempt.status == "ok"]
    if status != "ok" or len(attempts) < 2 or not answers or any(map(is_unpriced, attempts)):
        return 0
    return charged_nano(attempts) - charged_nano(answers[-1:])


def _bounded(nano: int) -> int:
    """Return a cost that sums in 64 bits: from 0 to a million USD, whatever a provider claims."""
    return min(max(nano, 0), money.MAX_CALL_NANO)
