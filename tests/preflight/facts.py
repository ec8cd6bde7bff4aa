"""What is judged, made up: a model, an offer, some calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.asked import needs_number, parameters_number
from billing.recent import Call, Recent
from catalog.pricing import PriceValue
from routing.preflight import ModelFacts, OfferFacts, Scope
from routing.preflight_calls import Traffic

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
EVERYBODY = Scope("organisation")


def model(slug: str = "new/model", **values) -> ModelFacts:
    values = {
        "capabilities": frozenset({"stream", "tools", "json_mode", "json_schema", "vision", "reasoning"}),
        "inputs": frozenset({"text"}), "outputs": frozenset({"text"}), "context_tokens": 1000,
        "output_limit_tokens": 100, "parameters": {"temperature": {}, "max_tokens": {}},
    } | values  # fmt: skip
    return ModelFacts(slug=slug, path=f"/models/{slug}/", **values)


OLD = model("old/model")


def price(**values) -> PriceValue:
    values = {"input": Decimal(1), "output": Decimal(2)} | values
    return PriceValue(id=1, effective_from=NOW - timedelta(days=1), **values)


def offer(**values) -> OfferFacts:
    values = {
        "provider": "lab", "name": "Lab", "path": "/providers/lab/", "upstream_id": "m", "why_not": "",
        "prices": (price(),), "checked_at": NOW - timedelta(minutes=5), "outcome": "Answers", "answers": True,
        "listed": "listed", "listed_at": NOW - timedelta(hours=1),
    } | values  # fmt: skip
    return OfferFacts(**values)


def call(id_: int, *, needs: tuple[str, ...] | None = (), parameters: tuple[str, ...] | None = (), **values):
    values = {
        "streamed": False, "status": "ok", "input_tokens": 100, "output_tokens": 10, "cache_read_tokens": 0,
        "cache_write_tokens": 0, "cache_write_1h_tokens": 0, "reasoning_tokens": 0, "web_searches": 0,
        "cost_nano": 120_000, "latency_ms": 500, "ttft_ms": None,
    } | values  # fmt: skip
    return Call(
        id=id_,
        needs=None if needs is None else needs_number(needs),
        parameters=None if parameters is None else parameters_number(parameters),
        **values,
    )


def traffic(*calls: Call, is_whole: bool = True) -> Traffic:
    return Traffic(Recent(calls, NOW - timedelta(days=30), is_whole), "/requests/")
