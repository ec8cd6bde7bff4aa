"""The tables of billing that have modules of their own, so that Django finds them with billing/models.py."""

from __future__ import annotations

from billing import (
    adjustment_models,
    budget_refusal_models,
    call_rules_models,
    content_models,
    crossing_models,
    export_models,
    forecast_models,
    idempotency_models,
    overshoot_models,
    raise_models,
    retirement_models,
    rollup_models,
    worker_models,
)

__all__ = [
    "adjustment_models",
    "budget_refusal_models",
    "call_rules_models",
    "content_models",
    "crossing_models",
    "export_models",
    "forecast_models",
    "idempotency_models",
    "overshoot_models",
    "raise_models",
    "retirement_models",
    "rollup_models",
    "worker_models",
]
