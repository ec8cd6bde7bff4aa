from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.cost_lines import cost_lines, unpriced_uses
from catalog.pricing import PriceValue, cost_usd
from providers.rates import AMOUNTS
from providers.wire import Usage

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = st.integers(0, 10**9)
RATES = st.decimals(0, 10**4, places=6)


def price(**rates) -> PriceValue:
    return PriceValue(id=1, effective_from=SINCE, **{name: Decimal(rate) for name, rate in rates.items()})


def test_each_kind_of_tokens_has_its_line():
    usage = Usage(
        input_tokens=12_000,
        output_tokens=800,
        cache_read_tokens=9_000,
        cache_write_tokens=2_000,
        cache_write_1h_tokens=500,
        web_searches=3,
    )
    rates = price(
        input="3", output="15", cache_read="0.3", cache_write="3.75", cache_write_1h="6", per_request="0.01",
        web_search="0.02",
    )  # fmt: skip

    lines = [(line.name, line.count, str(line.usd.normalize())) for line in cost_lines(usage, rates)]

    assert lines == [
        ("Input", 1_000, "0.003"),
        ("Cache read", 9_000, "0.0027"),
        ("Cache write", 1_500, "0.005625"),
        ("Cache write, 1 hour", 500, "0.003"),
        ("Output", 800, "0.012"),
        ("Request", 1, "0.01"),
        ("Web search", 3, "0.06"),
    ]


def test_what_was_not_used_has_no_line():
    assert [line.name for line in cost_lines(Usage(input_tokens=5), price(input="1", output="2"))] == [
        "Input"
    ]


@given(
    usage=st.builds(
        Usage,
        input_tokens=TOKENS,
        output_tokens=TOKENS,
        cache_read_tokens=TOKENS,
        cache_write_tokens=TOKENS,
        cache_write_1h_tokens=TOKENS,
        web_searches=TOKENS,
    ),
    rates=st.fixed_dictionaries(
        {"input": RATES, "output": RATES},
        optional=dict.fromkeys(AMOUNTS[2:], RATES),
    ),
)
def test_the_lines_are_the_cost_whatever_was_used(usage, rates):
    lines = cost_lines(usage, price(**rates))

    assert sum(line.usd for line in lines) == cost_usd(usage, price(**rates))


@pytest.mark.parametrize(
    ("searches", "fee", "said"),
    [(0, {}, ""), (1, {}, "1 web search"), (4, {}, "4 web searches"), (4, {"web_search": "0"}, "")],
)
def test_searches_without_a_price_are_named(searches, fee, said):
    rates = price(input="1", output="2", **fee)

    assert unpriced_uses(Usage(input_tokens=5, web_searches=searches), rates) == said
