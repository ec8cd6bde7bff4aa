"""R-34: recorded usages by our prices, against an independent price library and against the bill."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from msgspec.structs import replace

from catalog.pricing import cost_of, cost_usd, price_for
from llmhub.lib import money
from tests.catalog import test_recorded_costs as recorded
from tests.catalog.bundle import price_values
from tests.prove.row import Figures

ROW = "R-34"
CLAIM = "A recorded usage costs what an independent library says, and what the provider billed"
_LEAST = 300  # usages that both know


def prove(stand) -> Figures:
    return _compare(stand)


def control(stand) -> Figures:
    """With a nano-USD too much on each call."""
    return _compare(stand, wrong_by=Decimal("0.000000001"))


def _compare(stand, *, wrong_by: Decimal = Decimal(0)) -> Figures:
    assert stand.recordings
    library = Counter(_against_library(wrong_by))
    bills = Counter(_against_bills(wrong_by))
    unexplained = library["different"] + bills["different"]
    return Figures(
        not unexplained and library["equal"] >= _LEAST and bills["equal"] > 0,
        {
            "usages equal to the nano-USD in the library": library["equal"],
            "equal to the bill": bills["equal"],
            "explained (the price of open weights moves with their hosts)": library["moving"]
            + bills["moving"],
            "different": unexplained,
        },
    )


def _against_library(wrong_by: Decimal):
    for offer, read, theirs in recorded.library_rows():
        usage = recorded.usage_of(read)
        price = price_for(price_values(offer), input_tokens=usage.input_tokens, at=recorded.AT)
        ours = money.to_nano(cost_usd(usage, price) + wrong_by)
        yield _kind(offer, equal=ours == money.to_nano(theirs))


def _against_bills(wrong_by: Decimal):
    for _, offer, usage in recorded.billed_calls():
        ours = cost_of(replace(usage, reported_cost=None), price_values(offer), at=recorded.AT).nano
        ours += money.to_nano(wrong_by)
        yield _kind(offer, equal=ours == money.to_nano(usage.reported_cost))


def _kind(offer, *, equal: bool) -> str:
    return "equal" if equal else "moving" if offer.upstream_id in recorded.MOVING else "different"
