"""Pure: what the gateway hands to the ledger, and what it may be answered.

Amounts are nano-USD, ids those of `llmhub.lib.ids`.

* LedgerError
  + OverBudget           a budget has no room for the call: 402
  + Repeated             a call with its idempotency key was there before: 409, with another body 422
  + LedgerUnavailable    the database does not answer: 503; a settle stays queued all the same
  + BadEntry             the entry itself cannot be written, a reservation's id taken twice: our mistake
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec

Unit = Literal["usd", "tokens", "requests"]
Only = tuple[Literal["provider_id", "entry_id"], int]  # the attempts with this value count
Status = Literal["ok", "error", "cancelled", "interrupted"]
LEASE_EXPIRED = "lease_expired"  # the error code of a record that the sweeper wrote


class LedgerError(Exception):
    """Base of what the ledger may answer instead of doing as told."""


class LedgerUnavailable(LedgerError):
    """The database does not answer; nothing was reserved."""


class BadEntry(LedgerError):
    """The ledger cannot take this entry, now or later."""


class OverBudget(LedgerError):
    """A call does not fit in a budget: the one with the least room of all that apply."""

    def __init__(
        self,
        budget_id: int,
        *,
        cap: int,
        spent: int,
        held: int,
        amount: int,
        rooms: Mapping[Unit, int] | None = None,
    ) -> None:
        super().__init__(f"budget {budget_id} has {cap - spent - held} left, the call may take {amount}")
        self.budget_id = budget_id
        self.cap = cap  # amounts are in the budget's unit, USD as nano-USD
        self.spent = spent  # settled in this period
        self.held = held  # reserved by calls in flight, those decided just before included
        self.amount = amount  # what the call may take at most
        self.rooms = rooms or {}  # the least that is left of all its budgets, by unit


class Once(msgspec.Struct, frozen=True):
    """The `Idempotency-Key` of a call: among calls of one key, only the first is sent."""

    digest: str  # of the gateway key and the header's value
    body_digest: str


class FirstCall(msgspec.Struct, frozen=True):
    """The call that an idempotency key belongs to; the last three are None while it is in flight."""

    body_digest: str
    id: int
    status: Status | None = None
    http_status: int | None = None
    cost_nano: int | None = None  # of one that has ended: nobody knows


class Repeated(LedgerError):
    """A call with this idempotency key was made before; nothing was reserved for this one."""

    def __init__(self, first: FirstCall | None, *, is_same: bool) -> None:
        super().__init__("a call with this idempotency key was made before")
        self.first = first  # None: its key was freed this moment
        self.is_same = is_same  # whether it had the same body


class Hold(msgspec.Struct, frozen=True, eq=False):
    """What a call holds of one budget in one of its periods; those two name the counter, and are compared."""

    budget_id: int
    period_start: int  # Unix seconds
    amount: int | None = None  # None: the reservation's own, in nano-USD
    unit: Unit = "usd"
    only: Only | None = None  # None: every attempt is charged

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hold):
            return NotImplemented
        return self.budget_id == other.budget_id and self.period_start == other.period_start

    def __hash__(self) -> int:
        return self.budget_id ^ self.period_start


@lru_cache(maxsize=4096)
def whole_hold(budget_id: int, period_start: int) -> Hold:
    """Return the hold of a reservation's own amount: the same one for all calls that have it."""
    return Hold(budget_id, period_start)


class Room(msgspec.Struct, frozen=True):
    """What is left of the budget that has room for the fewest calls like the one just admitted."""

    budget_id: int
    left: int  # in the budget's unit, with the call's own reservation taken off
    taken: int  # that reservation


class Reserve(msgspec.Struct, frozen=True):
    """What a call may cost at most, held against each of its budgets until it is settled."""

    id: int  # of the usage record to come
    amount_nano: int
    expires_at: int  # Unix seconds: after it the sweeper settles as interrupted
    holds: tuple[Hold, ...] = ()
    # Columns of the record if nobody settles: team_id, key_id, person_id, requested, dialect,
    # streamed, entry_id, offer_id, provider_id, price_id, tags, session; `cost_nano` is the estimate
    # (None: nobody knows), without it `amount_nano` is, unless that is 0.
    facts: dict[str, Any] = {}
    once: Once | None = None  # None: the call may be repeated


class Move(msgspec.Struct, frozen=True):
    """A reservation that takes the place of the one with its id, whole or not at all."""

    new: Reserve

    @property
    def id(self) -> int:
        """The id of both reservations."""
        return self.new.id


class AttemptEntry(msgspec.Struct, frozen=True):
    """One upstream call; the fields are the columns of `billing.Attempt`.

    An attempt that failed without usage costs nothing. Any other without `cost_nano` is unpriced.
    """

    number: int
    status: Status
    started_at_ms: int  # Unix milliseconds
    latency_ms: int
    entry_id: int | None = None
    offer_id: int | None = None
    provider_id: int | None = None
    price_id: int | None = None
    upstream_model: str = ""
    upstream_request_id: str = ""
    http_status: int = 0  # the provider's; 0: no answer
    error_code: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    web_searches: int = 0
    usage_estimated: bool = False
    cost_nano: int | None = None
    computed_nano: int | None = None
    cost_source: str = ""
    ttft_ms: int | None = None


class Over(msgspec.Struct, frozen=True):
    """The budget that refused a call, in which of its periods, and what the call could take of it."""

    budget_id: int
    period_start: int  # Unix seconds
    amount: int  # in the budget's unit


class Refused(msgspec.Struct, frozen=True):
    """A request whose key is known and for which nothing was done; most fields are columns of its record."""

    id: int
    team_id: int
    key_id: int
    error_code: str
    http_status: int
    person_id: int | None = None
    reason: str = ""  # what its caller was told
    requested: str = ""  # empty: it was refused before it was read
    dialect: str = "chat"
    streamed: bool = False
    latency_ms: int = 0
    tags: dict[str, str] = {}
    session: str = ""
    plan: str | None = None
    over: Over | None = None  # the budget that was in the way; None: none was


class Settle(msgspec.Struct, frozen=True):
    """How a call ended; the fields are the columns of `billing.UsageRecord`.

    Tokens and cost of the record are the sums over its attempts: the caller is charged for
    all of them.
    """

    id: int
    requested: str
    status: Status
    attempts: tuple[AttemptEntry, ...]
    team_id: int | None = None
    key_id: int | None = None
    person_id: int | None = None
    cost_centre: str = ""
    dialect: str = "chat"
    streamed: bool = False
    http_status: int = 0  # what the caller got; 0: it had left
    error_code: str = ""
    finish_reason: str = ""
    fallback_reason: str = ""
    unpriced_reason: str = ""
    unknown_nano: int = 0  # what budgets are charged for an attempt of unknown cost
    capped_nano: int | None = None  # what was held, where a hard cap in USD applies; None: none does
    latency_ms: int = 0
    ttft_ms: int | None = None
    tags: dict[str, str] = {}
    session: str = ""
    needs: int | None = None  # see billing/asked.py; None: not known
    parameters: int | None = None
    plan: str | None = None  # where it might have gone and why, as routing writes it; None: not planned
    repeated_nano: int | None = None  # what a cache of its prompt's beginning would have saved; None: nothing
    frees_key: bool = False  # nothing was done upstream: a call with its idempotency key may run
