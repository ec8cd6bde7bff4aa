"""Prices in the database: every digit survives, and nothing that is no price gets in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Context, Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from catalog.fields import PriceField
from catalog.models import CatalogEntry, Offer, Price
from llmhub.lib import clock
from providers.models import Provider

# Real prices, USD per million tokens, as price lists of 2026 had them.
LOST_BY_A_FLOAT = [
    "0.08333333333333334", "0.041666666666666664", "0.04166666666666665", "0.18000000000000002",
    "0.13999999999999999", "0.27999999999999997", "1.0399999999999998", "0.02384185791015625",
    "0.03337860107421875", "283.3333333333333", "33.333333333333335", "5.714000000000001",
    "25.000010000000002",
]  # fmt: skip


@pytest.fixture
def offer(db):
    provider = Provider.objects.create(
        slug="lab", name="Lab", kind="custom", dialect="chat", base_url="http://a.test"
    )
    entry = CatalogEntry.objects.create(slug="acme/small", name="Small")
    return Offer.objects.create(entry=entry, provider=provider, upstream_id="small")


def save_price(offer, **amounts):
    values = {"input": "1", "output": "2", **amounts}
    price = Price.objects.create(offer=offer, effective_from=clock.now(), **values)
    return Price.objects.get(pk=price.pk)


@pytest.mark.parametrize("amount", LOST_BY_A_FLOAT)
def test_a_real_price_comes_back_digit_for_digit(offer, amount):
    price = save_price(offer, input=amount, cache_write_1h=Decimal(amount))

    assert (str(price.input), str(price.cache_write_1h)) == (amount, amount)


@pytest.mark.parametrize("amount", LOST_BY_A_FLOAT)
def test_a_decimal_column_of_sqlite_would_have_lost_it(amount):
    kept = Context(prec=15).create_decimal_from_float(float(amount))  # what Django does there

    assert kept != Decimal(amount)


def test_an_empty_amount_is_unknown_and_a_written_zero_is_zero(offer):
    price = save_price(offer, cache_read=None, cache_write="0")

    assert price.cache_read is None
    assert price.cache_write == 0


@pytest.mark.parametrize(
    ("written", "kept"),
    [(Decimal("1E+3"), "1000"), (Decimal("1E-7"), "0.0000001"), (2, "2"), ("0.150", "0.150"), ("0", "0")],
)
def test_amounts_are_kept_as_plain_text(written, kept):
    assert PriceField().get_prep_value(written) == kept


def test_calls_are_priced_with_all_that_a_row_says(offer):
    amounts = {
        name: Decimal(n) for n, name in enumerate(("input", "output", "cache_read", "cache_write"), start=1)
    } | {"cache_write_1h": Decimal(5), "per_request": Decimal(6), "web_search": Decimal(7)}
    end = datetime(2026, 12, 1, tzinfo=UTC)
    full = save_price(offer, **amounts, above_input_tokens=200_000, ends_at=end)
    bare = save_price(offer)

    assert asdict(full.value()) == amounts | {
        "id": full.pk, "effective_from": full.effective_from, "above_input_tokens": 200_000,
        "ends_at": end,
    }  # fmt: skip
    assert (bare.value().cache_read, bare.value().cache_write, bare.value().per_request) == (None, None, 0)


@pytest.mark.parametrize("amount", ["", None])
def test_input_and_output_must_be_said(offer, amount):
    with pytest.raises(ValidationError, match="output"):
        save_price(offer, output=amount)


@pytest.mark.parametrize(
    "amount",
    [
        "free",
        "NaN",
        "Infinity",
        "-1",
        "10000001",
        "0.1.2",
        "1e-60",
        "0." + "1" * 40,
        "9" * 400,
        "1E+3",
        " 2 ",
        "-0",
    ],
)
def test_what_is_no_price_is_refused(offer, amount):
    with pytest.raises(ValidationError):
        save_price(offer, input=amount)


@given(st.decimals(min_value=0, max_value=10**7, places=23))
def test_the_text_of_any_price_says_the_same_number(amount):
    field = PriceField()

    assert field.from_db_value(field.get_prep_value(amount), None, None) == amount


def test_lists_are_sorted_by_number_and_not_by_text(offer):
    cheap, dear = save_price(offer, input="9"), save_price(offer, input="10.5")

    assert list(Price.objects.order_by("input_nano")) == [cheap, dear]
    assert (dear.input_nano, dear.output_nano) == (10_500_000_000, 2_000_000_000)


def test_the_field_is_rebuilt_from_its_migration():
    _, path, args, kwargs = PriceField(null=True).deconstruct()

    assert (path, args, kwargs) == ("catalog.fields.PriceField", [], {"null": True})
