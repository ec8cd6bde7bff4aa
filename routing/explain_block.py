"""Pure: what is kept with a request about where it went and why, small enough for each of them.

It names offers by their ids; routing/explain_shown.py gives them their names back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from providers.live import Live
from routing.plan_words import Operation, Reason
from routing.policy import Note
from routing.policy_words import Policy

Whose = Literal["call", "suffix", "route", "model"]  # who said by which policy
PassedOver = Literal["over_budget", "over_max_cost", "unpriced", "unbounded", "unsupported", "failing"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What was known of an offer from its own calls."""

    calls: float = 0.0
    reliability: float | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    tokens_per_second: float | None = None
    is_degraded: bool = False

    @classmethod
    def of(cls, live: Live) -> Known:
        """Return what ranks an offer."""
        return cls(
            live.calls,
            live.reliability,
            live.latency_ms,
            live.ttft_ms,
            live.tokens_per_second,
            live.is_degraded,
        )

    def live(self) -> Live:
        """Return it as the planner takes it."""
        return Live(
            self.calls,
            self.reliability,
            self.latency_ms,
            self.ttft_ms,
            self.tokens_per_second,
            is_degraded=self.is_degraded,
        )


class Passed(msgspec.Struct, frozen=True, array_like=True):
    """A candidate that was not tried once its turn came: for its cost, or for what became of it meanwhile."""

    offer: int
    reason: PassedOver
    budget: int = 0  # the one that is in the way


class Kept(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={"offer": "o", "cost": "c", "value": "v", "terms": "t", "note": "n", "want": "w", "known": "l"},
):
    """A candidate; they are listed in the order in which they may be tried."""

    offer: int
    cost: int | None = None  # nano-USD, expected; None: it was not worked out, or there is no price
    value: float | None = None  # by which it was ranked; None: it was not, or there is no end to it
    terms: dict[str, float] = {}
    note: Note = ""
    want: bool = False  # only where no budget lets the call go elsewhere
    known: Known | None = None


class Left(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={"offer": "o", "reason": "r", "detail": "x", "cost": "c", "known": "l"},
):
    """An offer that was left out, and why."""

    offer: int
    reason: Reason
    detail: str = ""
    cost: int | None = None  # nano-USD, expected, where it was left out for it
    known: Known | None = None


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """One plan, with what it was made from."""

    to: str = ""  # the model or route
    at: int = 0  # Unix microseconds
    version: int = 0  # of the configuration
    policy: Policy = "priority"
    whose: Whose = "model"
    kept: tuple[Kept, ...] = ()
    dropped: tuple[Left, ...] = ()
    passed: tuple[Passed, ...] = ()
    more: int = 0  # offers that are not listed; then the plan cannot be made again
    needs: tuple[str, ...] = ()
    required: tuple[str, ...] = ()  # by the route of every target
    only: tuple[str, ...] = ()  # the providers that the call names
    dialect: str = "chat"
    operation: Operation = "generate"
    bytes: int = 0
    limit: int | None = None  # tokens of an answer
    answers: int = 1
    files: bool = False
    streams: bool = False
    key: int = 0  # whose reach counted; 0: it reaches everything
    seed: str = ""  # where chance had a say
    session: int | None = None  # the offer that answered the session last
    waits: dict[str, float] = {}  # seconds, by offer
    mixes: dict[str, tuple[int, int, int, int]] = {}  # the team's calls, by provider:model
    multiple: str = ""  # how many times the first choice's cost a fallback may be expected to cost
    max_cost: int | None = None  # nano-USD

    @property
    def is_short(self) -> bool:
        """Whether nothing is kept but that there was this one offer."""
        return not self.to

    @property
    def time(self) -> datetime:
        """When the plan was made."""
        return EPOCH + self.at * MICROSECOND


def written(block: Block) -> str:
    """Return a block as it is kept."""
    return msgspec.json.encode(block).decode()


def read(kept: str | None) -> Block | None:
    """Return the block of a request; None where none is kept."""
    if not kept:
        return None
    try:
        if kept.isdecimal():
            return Block(kept=(Kept(int(kept)),))
        return msgspec.json.decode(kept, type=Block)
    except msgspec.DecodeError:
        return None
