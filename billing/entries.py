"""Pure: what the gateway hands to the ledger. Amounts are nano-USD, ids those of `llmhub.lib.ids`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "error", "cancelled", "interrupted"]


@dataclass(frozen=True)
class Hold:
    """One budget in one of its periods."""

    budget_id: int
    period_start: int  # Unix seconds


@dataclass(frozen=True)
class Reserve:
    """What a call may cost at most, held against each of its budgets until it is settled."""

    id: int  # of the usage record to come
    amount_nano: int
    expires_at: int  # Unix seconds: after it the sweeper settles as interrupted
    holds: tuple[Hold, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # columns of the record if nobody settles


@dataclass(frozen=True)
class AttemptEntry:
    """One upstream call; the fields are the columns of `billing.Attempt`."""

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
    usage_estimated: bool = False
    cost_nano: int | None = None
    computed_nano: int | None = None
    cost_source: str = ""
    ttft_ms: int | None = None


@dataclass(frozen=True)
class Settle:
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
    cost_centre: str = ""
    dialect: str = "chat"
    streamed: bool = False
    http_status: int = 0  # what the caller got; 0: it had left
    error_code: str = ""
    finish_reason: str = ""
    fallback_reason: str = ""
    unpriced_reason: str = ""
    latency_ms: int = 0
    ttft_ms: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    session: str = ""
