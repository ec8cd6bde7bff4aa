"""What a call costs: the formula, the tiers, the day, the rounding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from catalog.pricing import PriceValue, cost_of, cost_usd, price_for
from providers.wire import Usage

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def price(number=1, *, since=NOW, above=0, input="2", output="8", **amounts):  # noqa: A002
    return PriceValue(
        id=number,
        effective_from=since,
        above_input_tokens=above,
        input=Decimal(input),
        output=Decimal(output),
        **{name: Decimal(value) for name, value in amounts.items()},
    )


CACHING = price(input="3", output="15", cache_read="0.3", cache_write="3.75", cache_write_1h="6")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(), "0"),
        (Usage(input_tokens=1_000_000), "3"),
        (Usage(output_tokens=1_000_000), "15"),
        (Usage(output_tokens=1_000_000, reasoning_tokens=900_000), "15"),
        (Usage(input_tokens=1_000_000, cache_read_tokens=1_000_000), "0.3"),
        (Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000), "3.75"),
        (
            Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000, cache_write_1h_tokens=1_000_000),
            "6",
        ),
        # 100 fresh x 3 + 200 read x 0.3 + 200 for 5 minutes x 3.75 + 100 for an hour x 6 + 50 x 15
        (
            Usage(
                input_tokens=600,
                cache_read_tokens=200,
                cache_write_tokens=300,
                cache_write_1h_tokens=100,
                output_tokens=50,
            ),
            "0.00246",
        ),
    ],
)
def test_the_cost_of_a_call(usage, expected):
    assert cost_usd(usage, CACHING) == Decimal(expected)


def test_cached_tokens_without_a_price_cost_as_much_as_input():
    usage = Usage(input_tokens=1000, cache_read_tokens=400, cache_write_tokens=500, cache_write_1h_tokens=100)

    assert cost_usd(usage, price(input="2")) == Decimal("0.002")


def test_an_hour_in_the_cache_without_a_price_costs_as_much_as_five_minutes():
    usage = Usage(input_tokens=1000, cache_write_tokens=1000, cache_write_1h_tokens=1000)

    assert cost_usd(usage, price(input="2", cache_write="2.5")) == Decimal("0.0025")


def test_a_price_per_request_is_added_once():
    assert cost_usd(Usage(), price(per_request="0.005")) == Decimal("0.005")


def test_gemini_writes_what_it_reads_and_the_write_is_a_fee_on_top():
    gemini = price(input="0.3", output="2.5", cache_read="0.03", cache_write="0.0833")
    usage = Usage(input_tokens=2168, cache_read_tokens=2154, cache_write_tokens=2154)

    assert cost_usd(usage, gemini) == Decimal(14 * 3000 + 2154 * 300 + 2154 * 833) / 10**10


def test_more_in_the_cache_than_came_in_never_lowers_the_cost_below_the_cached_part():
    usage = Usage(input_tokens=100, cache_read_tokens=150)

    assert cost_usd(usage, CACHING) == Decimal(150) * Decimal("0.3") / 10**6


def test_more_hours_than_writes_is_read_as_all_of_the_writes():
    usage = Usage(input_tokens=100, cache_write_tokens=100, cache_write_1h_tokens=900)

    assert cost_usd(usage, CACHING) == Decimal("0.0006")


@pytest.mark.parametrize(("input_tokens", "number"), [(0, 1), (272_000, 1), (272_001, 2), (500_001, 3)])
def test_a_tier_counts_for_inputs_strictly_greater_than_its_start(input_tokens, number):
    tiers = [price(1), price(3, above=500_000), price(2, above=272_000)]

    assert price_for(tiers, input_tokens=input_tokens, at=NOW).id == number


def test_a_tier_applies_to_the_whole_call():
    tiers = [price(1, input="5"), price(2, input="10", above=200)]

    assert cost_of(Usage(input_tokens=201), tiers, at=NOW).nano == 201 * 10_000


def test_the_newest_price_that_has_begun_counts():
    day = timedelta(days=1)
    prices = [price(1, since=NOW - 9 * day), price(2, since=NOW - day), price(3, since=NOW + day)]

    assert price_for(prices, input_tokens=1, at=NOW).id == 2
    assert price_for(prices, input_tokens=1, at=NOW - 2 * day).id == 1
    assert price_for(prices, input_tokens=1, at=NOW + day).id == 3
    assert price_for(prices, input_tokens=1, at=NOW - 10 * day) is None


def test_the_tiers_of_an_older_price_are_over_with_it():
    older = NOW - timedelta(days=9)
    prices = [price(1, since=older), price(2, since=older, above=1000), price(3)]

    assert price_for(prices, input_tokens=5000, at=NOW).id == 3


def test_a_price_counts_from_its_first_moment():
    assert price_for([price(7)], input_tokens=1, at=NOW).id == 7


def test_an_unknown_price_is_no_cost_and_never_zero():
    cost = cost_of(Usage(input_tokens=5), [], at=NOW)

    assert (cost.nano, cost.source, cost.unpriced_reason) == (None, "unpriced", "the offer has no price")


def test_a_written_zero_is_free():
    cost = cost_of(Usage(input_tokens=5), [price(input="0", output="0")], at=NOW)

    assert (cost.nano, cost.source) == (0, "computed")


def test_the_providers_own_figure_wins_and_ours_is_kept_beside_it():
    usage = Usage(input_tokens=1000, reported_cost=Decimal("0.0021"))

    cost = cost_of(usage, [price(4)], at=NOW)

    assert (cost.nano, cost.source, cost.price_id, cost.computed_nano) == (
        2_100_000,
        "reported",
        4,
        2_000_000,
    )


def test_a_reported_zero_is_a_figure():
    cost = cost_of(Usage(input_tokens=1000, reported_cost=Decimal(0)), [price()], at=NOW)

    assert (cost.nano, cost.source) == (0, "reported")


@pytest.mark.parametrize("figure", ["-0.01", "NaN", "Infinity", "1e999", "1000001"])
def test_an_impossible_figure_of_the_provider_is_not_believed(figure):
    cost = cost_of(Usage(input_tokens=1000, reported_cost=Decimal(figure)), [price()], at=NOW)

    assert (cost.nano, cost.source) == (2_000_000, "computed")


def test_a_cost_beside_which_more_was_billed_is_an_estimate():
    assert cost_of(Usage(input_tokens=1, other_rates=True), [price()], at=NOW).source == "estimated"


@pytest.mark.parametrize(
    ("fee", "nano", "source"),
    [("0.01", 20_000_001, "computed"), ("0", 1, "computed"), (None, 1, "estimated")],
)
def test_searches_cost_their_price_and_without_one_the_cost_is_an_estimate(fee, nano, source):
    known = price(input="0.001", **({"web_search": fee} if fee else {}))
    cost = cost_of(Usage(input_tokens=1, web_searches=2), [known], at=NOW)

    assert (cost.nano, cost.source) == (nano, source)
    assert cost_of(Usage(input_tokens=1), [known], at=NOW).source == "computed"


def test_a_cost_of_counted_tokens_says_so():
    assert cost_of(Usage(input_tokens=1, estimated=True), [price()], at=NOW).source == "estimated"


@pytest.mark.parametrize(
    ("input_price", "nano"),
    [("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("0.00250000000000000000000000000001", 3)],
)
def test_a_cost_is_rounded_half_even_once(input_price, nano):
    assert cost_of(Usage(input_tokens=1), [price(input=input_price)], at=NOW).nano == nano


tokens = st.integers(min_value=0, max_value=10**9)
amounts = st.decimals(min_value=0, max_value=10**7, places=23, allow_nan=False)


@st.composite
def usages(draw):
    read, write, fresh = draw(tokens), draw(tokens), draw(tokens)
    return Usage(
        input_tokens=read + write + fresh,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(min_value=0, max_value=write)),
        output_tokens=draw(tokens),
        web_searches=draw(tokens),
    )


prices = st.builds(
    PriceValue,
    id=st.just(1),
    effective_from=st.just(NOW),
    input=amounts,
    output=amounts,
    cache_read=st.none() | amounts,
    cache_write=st.none() | amounts,
    cache_write_1h=st.none() | amounts,
    per_request=amounts,
    web_search=st.none() | amounts,
)


@given(usages(), prices)
def test_the_cost_is_exact_in_every_digit(usage, one):
    write = one.input if one.cache_write is None else one.cache_write
    meters = [
        (usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens, one.input),
        (usage.cache_read_tokens, one.input if one.cache_read is None else one.cache_read),
        (usage.cache_write_tokens - usage.cache_write_1h_tokens, write),
        (usage.cache_write_1h_tokens, write if one.cache_write_1h is None else one.cache_write_1h),
        (usage.output_tokens, one.output),
    ]

    exact = sum((count * Fraction(amount) for count, amount in meters), start=Fraction(0)) / 10**6

    fees = Fraction(one.per_request) + usage.web_searches * Fraction(one.web_search or 0)
    assert Fraction(cost_usd(usage, one)) == exact + fees


@given(usages(), prices)
def test_nano_is_the_nearest_whole_number_and_the_even_one_of_two(usage, one):
    exact = Fraction(cost_usd(usage, one)) * 10**9

    assert cost_of(usage, [one], at=NOW).nano == round(exact)  # Fraction rounds half to even


@given(usages(), prices, st.integers(min_value=1, max_value=1000))
def test_more_output_never_costs_less(usage, one, more):
    longer = structs.replace(usage, output_tokens=usage.output_tokens + more)

    assert cost_usd(longer, one) >= cost_usd(usage, one)


def test_a_price_that_ended_is_unknown_until_the_next_begins_and_the_one_before_does_not_come_back():
    def at(day):
        return NOW + timedelta(days=day)

    prices = [price(1, since=at(0)), replace(price(2, since=at(2)), ends_at=at(4)), price(3, since=at(6))]

    found = [price_for(prices, input_tokens=5, at=at(day)) for day in (1, 3, 4, 5, 6)]

    assert [one and one.id for one in found] == [1, 2, None, None, 3]
    assert cost_of(Usage(input_tokens=5), prices, at=at(5)).source == "unpriced"
