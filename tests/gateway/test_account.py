"""What the ledger is told about a call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import structs

from billing.entries import Once
from billing.rules import Rules
from billing.scopes import BudgetValue, by_subject
from providers.adapters import adapter_for
from providers.errors import (
    BadReply,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TooLarge,
)
from providers.wire import Usage
from routing.bound import Size
from routing.demand import payment
from routing.gateway.account import Account
from routing.gateway.caller_request import CallerRequest
from routing.gateway.carriage import Carried
from routing.gateway.estimate import estimate
from routing.gateway.extras import Extras
from routing.plan import Candidate
from routing.resolve import only
from tests.gateway.values import CALLER, NOW, entry, offer, planned, price

PRICED = offer("a", prices=[price("1", "2")])
PAYS = payment({}, Rules(), CALLER, {}, at=NOW)
SIZE = Size(body_bytes=400, messages=1, output_limit=30)


def account(*, stream: bool = False) -> Account:
    request = CallerRequest(
        "acme/small", stream=stream, wants_usage=False, size=SIZE, extras=Extras({"t": "v"}, "s"), body={}
    )
    return Account(
        id=7,
        caller=CALLER,
        destination=only(entry("acme/small", PRICED)),
        request=request,
        at=NOW,
        payment=PAYS,
    )


def attempt(of: Account):
    of.carried = Carried({})
    return of.begin(Candidate(entry(), PRICED, adapter_for("custom", "chat")), None)


def test_the_reservation_holds_the_bound_for_the_team_and_says_what_the_sweeper_needs():
    call = account()

    demand = PAYS.demand(call.request.size, PRICED)
    held = call.reservation(planned(call.entry, dialect="chat").candidates[0], demand, seconds=660)

    assert held.amount_nano == 450 * 1000 + 30 * 2000
    assert held.expires_at == int(NOW.timestamp()) + 660
    assert held.facts["team_id"] == CALLER.team_id
    assert held.facts["offer_id"] == PRICED.id
    assert msgspec.json.encode(held.facts)


FREE, UNPRICED = offer("free", prices=[price("0", "0")]), offer("unpriced")


@pytest.mark.parametrize(("at", "estimate"), [(PRICED, 510_000), (FREE, 0), (UNPRICED, None)])
def test_a_call_that_nobody_settles_is_estimated_by_the_price_of_its_own_attempt(at, estimate):
    call = account()

    assert held_at(call, at).facts["cost_nano"] == estimate


def test_a_reservation_moves_when_its_estimate_would_no_longer_be_true():
    call = account()
    call.held = held_at(call, PRICED)

    assert call.is_covered(held_at(call, FREE))
    assert not call.is_covered(held_at(call, UNPRICED))
    attempt(call).fail(BadReply("cut", status=200))
    assert not call.is_covered(held_at(call, PRICED))


def held_at(call: Account, at):
    candidate = Candidate(entry(), at, adapter_for("custom", "chat"))
    return call.reservation(candidate, PAYS.demand(call.request.size, at), seconds=660)


def test_an_answer_costs_what_its_provider_counted():
    call = account()
    note = attempt(call)
    note.heard.usage = Usage(input_tokens=10, output_tokens=20)
    note.end("ok")

    settle = call.settle("ok", http_status=200)

    assert (settle.attempts[0].cost_nano, settle.attempts[0].cost_source) == (50_000, "computed")
    assert (settle.team_id, settle.key_id, settle.tags, settle.session) == (2, 1, {"t": "v"}, "s")
    assert call.cost_text() == "0.00005"


@pytest.mark.parametrize(("hard", "capped"), [(True, 510_000), (False, None)])
def test_the_ledger_is_told_what_was_held_where_a_hard_cap_applies(hard, capped):
    budget = BudgetValue(1, "organisation", 0, "day", ZoneInfo("UTC"), hard=hard)
    call = account()
    call.payment = payment(by_subject([budget]), Rules(), CALLER, {}, at=NOW)
    call.held = held_at(call, PRICED)
    attempt(call).end("ok")

    assert call.settle("ok", http_status=200).capped_nano == capped


def test_a_failure_without_usage_costs_nothing_and_names_the_fallback():
    call = account()
    attempt(call).fail(ProviderUnavailable("down", status=503))
    second = attempt(call)
    second.heard.usage = Usage(input_tokens=10)
    second.end("ok")

    settle = call.settle("ok", http_status=200)

    assert [row.cost_nano for row in settle.attempts] == [None, 10_000]
    assert settle.attempts[0].http_status == 503
    assert settle.fallback_reason == "upstream_unavailable"


def test_what_a_failed_attempt_used_is_paid_for():
    call = account()
    error = ProviderUnavailable("error inside an answer", status=200)
    error.usage = Usage(input_tokens=10, output_tokens=1)
    attempt(call).fail(error)

    assert call.settle("error", http_status=502).attempts[0].cost_nano == 12_000


@pytest.mark.parametrize(("seen_bytes", "output"), [(9, 4), (16 * 1024 * 1024, 31)])
@pytest.mark.parametrize("told", [None, Usage(input_tokens=20, output_tokens=1)])
def test_an_answer_that_was_too_large_to_read_is_paid_for_up_to_its_limit(told, seen_bytes, output):
    call = account(stream=True)
    note = attempt(call)
    note.heard.usage, note.heard.text_bytes = told, 4
    note.fail(TooLarge("a long line", seen_bytes=seen_bytes))

    row = call.settle("error", http_status=502).attempts[0]

    assert (row.output_tokens, row.usage_estimated) == (output, True)
    assert row.cost_nano > 0


def test_usage_that_was_told_before_the_end_is_no_less_than_what_was_seen():
    call = account(stream=True)
    heard = attempt(call).heard
    heard.usage, heard.text_bytes = Usage(input_tokens=20, output_tokens=1), 41

    row = call.settle("cancelled", http_status=0, error_code="caller_left").attempts[0]

    assert (row.input_tokens, row.output_tokens, row.usage_estimated) == (20, 11, True)
    heard.finish_reason = "stop"
    assert call.settle("cancelled", http_status=0).attempts[0].output_tokens == 1


def test_a_running_attempt_ends_with_its_call_and_is_estimated():
    call = account(stream=True)
    attempt(call).heard.text_bytes = 41

    settle = call.settle("cancelled", http_status=0, error_code="caller_left")

    row = settle.attempts[0]
    assert (row.status, row.usage_estimated) == ("cancelled", True)
    assert (row.input_tokens, row.output_tokens) == (100, 11)
    assert row.cost_source == "estimated"


def test_a_deadline_of_ours_is_not_free():
    call = account(stream=True)
    attempt(call)

    assert (
        call.settle("error", http_status=504, error_code="deadline_exceeded").attempts[0].input_tokens == 100
    )


def test_only_the_first_end_of_an_attempt_counts():
    note = attempt(account())
    note.end("ok")
    note.end("cancelled", "caller_left")

    assert (note.status, note.error_code) == ("ok", "")


@pytest.mark.parametrize(
    ("text_bytes", "seconds", "output"),
    [(0, 0, 0), (1, 0, 1), (400, 0, 100), (400, 60, 100), (0, 0.1, 5), (0, 60, 30)],
)
def test_an_estimate_is_what_was_seen_or_what_the_time_allowed(text_bytes, seconds, output):
    usage = estimate(SIZE, text_bytes=text_bytes, unseen_seconds=seconds)

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (100, output, True)


@pytest.mark.parametrize(
    ("failures", "is_free"),
    [
        ([], True),
        ([RateLimited("later", status=429)], True),
        ([RateLimited("later", status=429), RequestRejected("wrong", status=400)], True),
        ([ProviderUnavailable("down", status=503)], False),
        ([ProviderTimeout("slow"), RateLimited("later", status=429)], False),
        ([RateLimited("in the middle of an answer", status=200)], False),
    ],
)
def test_an_idempotency_key_is_free_again_when_no_provider_did_anything(failures, is_free):
    call = account()
    call.once = Once("key", "body")
    for failure in failures:
        attempt(call).fail(failure)

    assert call.settle("error", http_status=502).frees_key is is_free


@pytest.mark.parametrize(
    ("unbounded", "dialect", "used", "source"),
    [
        ("", "chat", Usage(100, 10), "computed"),
        ("a prediction", "chat", Usage(100, 10), "computed"),
        ("web search", "chat", Usage(100, 10), "estimated"),
        ("server tools", "chat", Usage(100, 10), "estimated"),
        ("server tools", "messages", Usage(100, 10), "computed"),  # it counts them: there were none
        ("web search", "chat", Usage(100, 10, reported_cost=Decimal("0.1")), "reported"),
        ("web search", "chat", Usage(100, 10, web_searches=1), "computed"),
    ],
)
def test_where_searches_may_be_billed_that_nobody_counts_the_cost_is_an_estimate(
    unbounded, dialect, used, source
):
    call = account()
    size = structs.replace(SIZE, unbounded=unbounded)
    call.request = structs.replace(call.request, size=size)
    call.carried = Carried({})
    at = offer("a", prices=[replace(price("1", "2"), web_search=Decimal("0.01"))])
    note = call.begin(Candidate(entry(), at, adapter_for("custom", dialect)), None)
    note.heard.usage, note.heard.finish_reason = used, "stop"
    note.end("ok")

    assert [each.cost_source for each in call.settle("ok", http_status=200).attempts] == [source]
