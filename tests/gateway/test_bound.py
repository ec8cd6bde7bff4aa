"""R-02: what is held for a call is never less than what it costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from billing.rules import Rules
from billing.scopes import BudgetValue
from catalog.pricing import cost_of
from llmhub.lib import money
from providers.rates import Rates
from providers.wire import Usage
from routing.bound import Size, worst_case_nano
from routing.demand import payment
from tests.gateway.values import CALLER, NOW, offer, price

SIZE = Size(body_bytes=1000, messages=2, tools=True, output_limit=100, answers=3)


def test_text_has_at_most_one_token_per_byte_and_each_message_and_tools_add_some():
    assert SIZE.input_tokens == 1000 + 2 * 50 + 1000
    assert SIZE.output_tokens == 300


def test_without_a_limit_of_the_caller_the_default_counts():
    assert Size(body_bytes=1, messages=1, answers=2).output_tokens == 2 * 4096


def test_files_are_as_much_as_the_model_can_read():
    assert Size(body_bytes=10, messages=1, files=True, context_tokens=8000).input_tokens == 8000
    assert Size(body_bytes=9000, messages=1, files=True, context_tokens=8000).input_tokens == 9050


def test_the_dearest_kind_of_input_counts():
    assert worst_case_nano(SIZE, [price("1", "0", cache_write_1h=Decimal(2))], at=NOW) == 2100 * 2000


@pytest.mark.parametrize(("above", "bound"), [(2099, 2100 * 9000), (2100, 2100 * 1000)])
def test_a_tier_counts_if_this_input_can_reach_it(above, bound):
    tiers = [price("1", "0"), price("9", "0", above_input_tokens=above)]

    assert worst_case_nano(SIZE, tiers, at=NOW) == bound


def test_a_price_that_is_not_in_force_yet_does_not_count():
    coming = price("9", "9", effective_from=NOW + timedelta(days=1))

    assert worst_case_nano(SIZE, [price("1", "0"), coming], at=NOW) == 2100 * 1000


def test_a_price_that_begins_during_a_call_is_neither_held_nor_charged():
    coming = [price("1", "0"), price("9", "9", effective_from=NOW + timedelta(seconds=1))]
    usage = Usage(input_tokens=2100, output_tokens=300)

    assert cost_of(usage, coming, at=NOW).nano == worst_case_nano(SIZE, coming, at=NOW) == 2100 * 1000


def test_a_price_that_another_one_took_the_place_of_does_not_count():
    lowered = [price("9", "9"), price("1", "0", effective_from=NOW)]

    assert worst_case_nano(SIZE, lowered, at=NOW) == 2100 * 1000


def test_an_offer_without_a_price_has_no_bound_and_nothing_passes_the_range_of_the_ledger():
    assert worst_case_nano(SIZE, [], at=NOW) is None
    assert worst_case_nano(SIZE, [price("9999999", "9999999")] * 2, at=NOW) <= money.MAX_CALL_NANO
    huge = Size(body_bytes=10**9, messages=1, output_limit=10**8, answers=128)
    assert worst_case_nano(huge, [price("9999999", "9999999")], at=NOW) == money.MAX_CALL_NANO


prices = st.decimals(min_value=0, max_value=1000, places=6)


@given(
    tokens=st.tuples(*[st.integers(0, 1800)] * 3),
    output=st.integers(0, 300),
    amounts=st.tuples(prices, prices, prices, prices),
    tier=st.integers(0, 2000),
)
def test_the_bound_covers_every_usage_within_the_limits(tokens, output, amounts, tier):
    read, written, fresh = (count * 1800 // max(1, sum(tokens)) for count in tokens)
    usage = Usage(
        input_tokens=read + written + fresh,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
    base = price(amounts[0], amounts[1], cache_read=amounts[2], cache_write=amounts[3])
    tiers = [base, price(amounts[1], amounts[0], above_input_tokens=tier)] if tier else [base]

    assert cost_of(usage, tiers, at=NOW).nano <= worst_case_nano(SIZE, tiers, at=NOW)


def test_the_instructions_for_tools_are_no_less_than_what_is_published():
    """Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing"""
    with_tools = Size(body_bytes=0, messages=0, tools=True)

    assert with_tools.input_tokens >= 804  # Claude Opus 4.7, where a tool must be used


PRICED = offer(prices=[price("3", "15"), price("6", "30", above_input_tokens=200_000)])


@pytest.mark.parametrize(
    ("unit", "hard", "size", "there", "ceiling"),
    [
        ("usd", True, SIZE, PRICED, Rates(Decimal(3), Decimal(15))),  # servers are chosen by their base price
        ("usd", True, SIZE, offer(prices=[price(per_request=Decimal(1))]),
         Rates(Decimal(1), Decimal(2), per_request=Decimal(1))),
        ("usd", False, SIZE, PRICED, None),
        ("tokens", True, SIZE, PRICED, None),
        ("usd", True, SIZE, offer(), None),  # the price is not known
        ("usd", True, replace(SIZE, unbounded="plugins"), PRICED, None),  # an allowance is held instead
    ],
)  # fmt: skip
def test_a_call_may_be_served_at_the_price_it_is_held_at(unit, hard, size, there, ceiling):
    budget = BudgetValue(1, "team", CALLER.team_id, "total", ZoneInfo("UTC"), unit, hard)
    pays = payment({("team", CALLER.team_id): (budget,)}, Rules(allowance_nano=1), CALLER, {}, at=NOW)

    assert pays.ceiling(size, there) == ceiling
