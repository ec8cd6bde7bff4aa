"""What the rows of an export say: the columns of llmhub, or those of FOCUS 1.2.

Source: https://focus.finops.org/focus-specification/v1-2/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Attempt, UsageRecord
from billing.record import AttemptRow, RequestRow
from llmhub.lib import ids, money

Cells = dict[str, Any]
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")

REQUEST_COLUMNS = (
    "request_id", "at", "team", "key_id", "key", "person", "cost_centre", "requested", "model", "provider",
    "dialect", "streamed", "status", "http_status", "error_code", "finish_reason", "fallback_reason",
    "attempts", *_TOKENS, "cost_usd", "cost_source", "unpriced_reason", "latency_ms",
    "ttft_ms", "session", "tags", "adjusts", "reason",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "request_id", "number", "at", "team", "key_id", "key", "person", "cost_centre", "requested", "model",
    "provider", "upstream_model", "upstream_request_id", "status", "http_status", "error_code", *_TOKENS,
    "cache_write_1h_tokens", "web_searches", "usage_estimated", "cost_usd", "computed_cost_usd",
    "cost_source", "price_id", "latency_ms", "ttft_ms", "session", "tags", "adjusts", "reason",
)  # fmt: skip
FOCUS_COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit",
    "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingCategory", "PricingCurrency",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ResourceId", "ResourceName",
    "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
    "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
    "x_RequestId", "x_AttemptNumber", "x_KeyId", "x_KeyName", "x_Person", "x_RequestedModel", "x_Status",
    "x_CostSource", "x_InputTokens", "x_OutputTokens", "x_CacheReadTokens", "x_CacheWriteTokens", "x_Adjusts",
)  # fmt: skip
_OF_USE = (
    "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit", "PricingCategory",
    "SkuId", "SkuMeter", "SkuPriceId",
)  # fmt: skip


def usd(nano: int | None) -> Decimal | None:
    """Return nano-USD as exact USD without trailing zeros; None where nobody knows."""
    return None if nano is None else Decimal(money.text(nano))


def request_cells(row: RequestRow) -> Cells:
    """Return a request by llmhub's columns."""
    record = row.record
    cells = {column: getattr(record, column, None) for column in REQUEST_COLUMNS}
    return (
        cells
        | _about(row)
        | {"cost_usd": usd(record.cost_nano), "model": _slug(row.entry), "provider": _slug(row.provider)}
    )


def attempt_cells(row: RequestRow, attempt: AttemptRow) -> Cells:
    """Return an attempt by llmhub's columns, with what its request says of the caller."""
    of = attempt.attempt
    cells = {column: getattr(of, column, None) for column in ATTEMPT_COLUMNS}
    return cells | _about(row) | {
        "at": _started(of),
        "model": _slug(attempt.entry),
        "provider": _slug(attempt.provider),
        "cost_usd": usd(of.cost_nano),
        "computed_cost_usd": usd(of.computed_nano),
        "tags": row.record.tags,
        "session": row.record.session,
        "requested": row.record.requested,
        "cost_centre": row.record.cost_centre,
    }  # fmt: skip


def _about(row: RequestRow) -> Cells:
    """Return who called, and when."""
    return {
        "request_id": row.request_id,
        "at": row.at,
        "team": _slug(row.team),
        "key_id": row.record.key_id,
        "key": row.key.name if row.key else None,
        "person": row.person.email if row.person else None,
        "adjusts": row.adjusts,
        "reason": row.adjustment.reason if row.adjustment else None,
    }


def adjustment_as_attempt(row: RequestRow) -> Cells:
    """Return an adjustment by the columns of attempts: it took none, but sums want it."""
    cells = dict.fromkeys(ATTEMPT_COLUMNS) | request_cells(row)
    return {column: cells[column] for column in ATTEMPT_COLUMNS}


def focus_of_adjustment(row: RequestRow) -> Cells:
    """Return an adjustment by the columns of FOCUS: a charge of its own, that nothing was used for.

    One of something in particular is an `Adjustment`; money given back without is a `Credit`.
    """
    corrects, made_at = None, row.at
    if row.adjustment is not None:
        corrects, made_at = row.adjustment.corrects_id, row.adjustment.made_at
    wrong = row.at if corrects is None else ids.moment_of(corrects)
    is_credit = corrects is None and (row.record.cost_nano or 0) < 0
    return focus_of_request(row) | dict.fromkeys(_OF_USE) | {
        "ChargeCategory": "Credit" if is_credit else "Adjustment",
        "ChargeClass": "Correction" if _month(wrong) < _month(made_at) else None,
        "ChargeDescription": row.record.reason,
        "ChargeFrequency": "One-Time",
        "ResourceId": row.entry.slug if row.entry else row.record.requested or None,
    }  # fmt: skip


def _month(at: datetime) -> datetime:
    """Return the first moment of a billing period."""
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def focus_of_request(row: RequestRow) -> Cells:
    """Return a request by the columns of FOCUS."""
    record = row.record
    return _focus(row, row, record, at=row.at, list_nano=record.cost_nano) | {"x_AttemptNumber": None}


def focus_of_attempt(row: RequestRow, attempt: AttemptRow) -> Cells:
    """Return an attempt by the columns of FOCUS."""
    of = attempt.attempt
    listed = of.cost_nano if of.computed_nano is None else of.computed_nano
    return _focus(row, attempt, of, at=_started(of), list_nano=listed) | {"x_AttemptNumber": of.number}


def _focus(row: RequestRow, of: Any, sums: Any, *, at: datetime, list_nano: int | None) -> Cells:
    month = _month(at)
    provider, entry, tokens = of.provider, of.entry, sums.input_tokens + sums.output_tokens
    cost, model = usd(sums.cost_nano), entry.slug if entry else row.record.requested
    return {
        "BilledCost": cost,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "ListCost": usd(list_nano),
        "BillingAccountId": _slug(provider),
        "BillingAccountName": provider.name if provider else None,
        "BillingAccountType": "Provider",
        "BillingCurrency": "USD",
        "PricingCurrency": "USD",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": (month + timedelta(days=32)).replace(day=1),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"{model}: {sums.input_tokens} input and {sums.output_tokens} output tokens",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": at,
        "ChargePeriodEnd": at + timedelta(milliseconds=max(sums.latency_ms, 1)),
        "ConsumedQuantity": tokens,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": tokens,
        "PricingUnit": "Tokens",
        "PricingCategory": "Standard",
        "InvoiceIssuerName": provider.name if provider else None,
        "ProviderName": provider.name if provider else None,
        "PublisherName": model.partition("/")[0] if "/" in model else None,
        "ResourceId": model,
        "ResourceName": entry.name if entry else None,
        "ResourceType": "Model",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Language models",
        "SkuId": getattr(sums, "upstream_model", None) or model,
        "SkuMeter": "Tokens",
        "SkuPriceId": None if sums.price_id is None else str(sums.price_id),
        "SubAccountId": _slug(row.team),
        "SubAccountName": row.team.name if row.team else None,
        "SubAccountType": "Team",
        "Tags": row.record.tags,
        "x_RequestId": row.request_id,
        "x_KeyId": row.record.key_id,
        "x_KeyName": row.key.name if row.key else None,
        "x_Person": row.person.email if row.person else None,
        "x_RequestedModel": row.record.requested,
        "x_Status": sums.status,
        "x_CostSource": sums.cost_source,
        "x_InputTokens": sums.input_tokens,
        "x_OutputTokens": sums.output_tokens,
        "x_CacheReadTokens": sums.cache_read_tokens,
        "x_CacheWriteTokens": sums.cache_write_tokens,
        "x_Adjusts": row.adjusts,
    }


def _started(attempt: Attempt) -> datetime:
    return datetime.fromtimestamp(attempt.started_at_ms / 1000, UTC)


def _slug(thing: Any) -> str | None:
    return None if thing is None else str(thing.slug)


OfAttempt = Callable[[RequestRow, AttemptRow], Cells]
LAYOUTS: dict[
    tuple[str, str], tuple[Sequence[str], Callable[[RequestRow], Cells] | None, OfAttempt | None]
] = {
    ("requests", "native"): (REQUEST_COLUMNS, request_cells, None),
    ("requests", "focus"): (FOCUS_COLUMNS, focus_of_request, None),
    ("attempts", "native"): (ATTEMPT_COLUMNS, None, attempt_cells),
    ("attempts", "focus"): (FOCUS_COLUMNS, None, focus_of_attempt),
}


_ADJUSTMENTS: dict[tuple[str, str], Callable[[RequestRow], Cells]] = {
    ("requests", "native"): request_cells,
    ("requests", "focus"): focus_of_adjustment,
    ("attempts", "native"): adjustment_as_attempt,
    ("attempts", "focus"): focus_of_adjustment,
}


def columns_of(of: str, columns: str) -> Sequence[str]:
    """Return the names of the columns."""
    return LAYOUTS[of, columns][0]


def cells_of(
    of: str, columns: str, rows: Sequence[RequestRow], attempts: dict[int, list[AttemptRow]]
) -> Iterator[Cells]:
    """Yield the cells of requests, or of their attempts."""
    _, of_request, of_attempt = LAYOUTS[of, columns]
    for row in rows:
        if row.record.status == UsageRecord.Status.ADJUSTED:
            yield _ADJUSTMENTS[of, columns](row)
        elif of_request is not None:
            yield of_request(row)
        elif of_attempt is not None:
            for attempt in attempts.get(row.record.pk, []):
                yield of_attempt(row, attempt)
