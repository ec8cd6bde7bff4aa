"""R-02 on every recorded call: what is held is never less than what it cost, or it is refused."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from billing.entries import Hold
from billing.rules import DEFAULT_OUTPUT_TOKENS, Rules
from billing.scopes import BudgetValue, by_subject
from catalog.pricing import cost_of
from providers.adapters import adapter_for
from providers.errors import ProviderError
from providers.sse import SseReader
from routing.demand import Demand, payment
from routing.gateway.chat_request import read_chat
from routing.gateway.errors import Refusal
from routing.gateway.messages_request import read_messages
from tests.fixtures.simulator import RECORDINGS
from tests.gateway.values import CALLER, NOW, offer, price

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

PRICED = offer(
    "lab",
    prices=[
        price("1", "4", cache_read=Decimal("0.1"), cache_write=Decimal("1.25"), cache_write_1h=Decimal(2))
    ],
)
HARD = BudgetValue(1, "team", CALLER.team_id, "total", ZoneInfo("UTC"))
CONTEXT = 128_000  # tokens: what nearly all the recorded models read


def requests():
    for folder in sorted([*RECORDINGS.glob("cases/*-chat"), *RECORDINGS.glob("cases/*-messages")]):
        yield from (case for case in sorted(folder.iterdir()) if (case / "request.json").exists())


def adapter_of(case):
    if case.parent.name.endswith("-messages"):
        return adapter_for("anthropic", "messages")
    return adapter_for("openrouter" if "openrouter" in case.name else "openai", "chat")


def usage_of(case):
    """What a recorded answer says it used; None where it failed or does not say."""
    adapter = adapter_of(case)
    try:
        if not (case / "stream.sse").exists():
            return adapter.parse_answer((case / "response.json").read_bytes()).usage
        reader = SseReader()
        events = [*reader.feed((case / "stream.sse").read_bytes()), *reader.close()]
        read = adapter.event_reader()
        said = [read(event.data).usage for event in events if event.data]
    except (ProviderError, FileNotFoundError):
        return None
    return next((usage for usage in reversed(said) if usage), None)


def judge(case) -> tuple[str, int, int]:
    """What becomes of a call under a hard cap, what is held for it and what it cost, in nano-USD."""
    body = json.loads((case / "request.json").read_text())
    content = msgspec.json.encode(body)  # as clients send it: without the spaces of the recording
    try:
        reader = read_messages if adapter_of(case).dialect == "messages" else read_chat
        request = reader(content, {}, known_providers=[])
    except Refusal as refusal:
        return refusal.name, 0, 0
    default = request.size.output_limit is None
    size = replace(
        request.size,
        context_tokens=CONTEXT,
        unbounded=request.size.unbounded or adapter_of(case).unbounded_in(request.model),
        output_limit=DEFAULT_OUTPUT_TOKENS if default else request.size.output_limit,
    )
    pays = payment(by_subject([HARD]), Rules(), CALLER, {}, at=NOW)
    demand = pays.demand(size, PRICED)
    usage = usage_of(case)
    if not isinstance(demand, Demand):
        return f"refused: {size.unbounded}", 0, 0
    if usage is None:
        return "no usage", demand.nano, 0
    cost = cost_of(replace(usage, reported_cost=None), PRICED.prices, at=NOW).nano
    if default and usage.output_tokens > size.output_tokens:
        return "would have been cut at the default limit", demand.nano, cost
    return ("covered" if demand.nano >= cost else "OVERSHOOT"), demand.nano, cost


def test_every_recorded_call_is_covered_or_refused():
    rows = [(case, *judge(case)) for case in requests()]

    outcomes = Counter(outcome for _, outcome, _, _ in rows)
    factors = sorted(held / cost for _, outcome, held, cost in rows if outcome == "covered" and cost)
    print(*(f"{count:4} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
    print(f"held for a covered call: {factors[len(factors) // 2]:.1f} times its cost (median)")
    for case, outcome, held, cost in rows:
        if outcome == "OVERSHOOT":
            print(f"overshoot of {(cost - held) / 1e9:.6f} USD: {case.name}")
    assert outcomes["covered"] >= 55
    assert not outcomes["OVERSHOOT"]


def test_a_quarter_of_the_bytes_would_not_cover_them():
    """The negative control: text taken at four bytes a token, without a constant for each message."""
    short = 0
    for case in requests():
        outcome, _, cost = judge(case)
        if outcome != "covered":
            continue
        body = json.loads((case / "request.json").read_text())
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
        held = (len(msgspec.json.encode(body)) // 4) * 1000 + limit * 4000
        short += held < cost
    print(f"bytes / 4 and the caller's own limit would not cover {short}")
    assert short > 10


def test_a_hold_is_what_the_test_looks_at():
    """The demand is what the ledger holds in the budget."""
    pays = payment(by_subject([HARD]), Rules(), CALLER, {}, at=NOW)

    assert pays.holds(Demand(5, 6), (1, 1)) == (Hold(1, 0),)
