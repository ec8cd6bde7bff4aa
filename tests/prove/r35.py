"""R-35: everything that is said of a month that is over, before and after every price is another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Sum

from tests.fixtures.people import Api
from tests.prove.row import Figures

ROW = "R-35"
CLAIM = "When prices change, what calls cost before stays: in every sum, report and export, and line by line"
BAR = (
    "after every offer is re-priced and every sum made anew, nothing said of earlier calls is another; calls "
    "priced anew get adjustments, every sum moves by exactly these, and the ledger agrees with all of them"
)
DATABASES = ("sqlite", "postgres")
_DIMENSIONS = ("model", "provider", "team", "key", "source")
_SAMPLE = 500  # requests whose attempts are read with their prices
_DAYS = 6
_TIMES = 10  # as dear


def prove(stand) -> Figures:
    return _compare(stand, stand.size(quick=2_000, full=50_000), _reprice)


def control(stand) -> Figures:
    """With a price that is changed in its row instead of being followed by another."""
    return _compare(stand, 2_000, _overwrite)


def _compare(stand, attempts: int, change) -> Figures:
    from billing.models import Attempt
    from llmhub.audit.actor import COMMAND_LINE
    from llmhub.demo import seed, setting
    from llmhub.lib import clock
    from llmhub.people.service_key import create_service_key

    stand.hub_database(DEMO=True)
    setting.write("http://127.0.0.1:9", clock.now())
    seed.load(attempts, days=_DAYS)
    api = Api(create_service_key(actor=COMMAND_LINE, name="prove", role="owner")[1])
    over = datetime.combine(clock.now().date(), time(), UTC)
    before, today = dict(_said(api, over)), _at_todays_prices(api)
    changed = change()
    after, dearer = dict(_said(api, over)), _at_todays_prices(api)
    differ = [name for name in before if before[name] != after[name]]
    adjusted, off, wrong = _correct(over)
    return Figures(
        not differ
        and before.keys() == after.keys()
        and changed > 0
        and dearer > 2 * today
        and adjusted > 0 == off == wrong,
        {
            "attempts": Attempt.objects.count(),
            "offers whose price is ten times as high now": changed,
            "times what the same calls would cost at today's prices": float(dearer / today),
            "answers about the time before": len(before),
            "of them another": len(differ),
            "adjustments": adjusted,
            "nano-USD that sums are off by": off,
            "sums that the ledger contradicts": wrong,
        },
    )


def _said(api: Api, over: datetime) -> Iterator[tuple[str, object]]:
    """Everything that is said of calls before a day, by name."""
    from billing.rollup_models import RollUp, SupplyRollUp

    until = f"{over.date() - timedelta(days=1)}"
    since = f"{over.date() - timedelta(days=2 * _DAYS)}"
    for by in _DIMENSIONS:
        answer = api.get(f"/reports/spend?group_by={by}&since={since}&until={until}&limit=200")
        assert answer.status_code == 200, answer.text
        yield f"spend by {by}", answer.json()
    for of in ("requests", "attempts"):
        yield f"the export of {of}", _exported(of, over)
    for model in (RollUp, SupplyRollUp):
        sums = model.objects.filter(bucket__lt=int(over.timestamp()))
        yield f"the sums in {model.__name__}", sums.aggregate(spend=Sum("spend_nano"))
    yield from _lines(over)


def _exported(of: str, over: datetime) -> tuple[int, str]:
    from billing.export_read import Wanted, pieces

    wanted = Wanted(of, "native", "csv", over - timedelta(days=2 * _DAYS), over)
    digest, rows = hashlib.sha256(), 0
    for piece in pieces(wanted, after_id=0, header=True):
        digest.update(piece.text.encode())
        rows += piece.rows
    assert rows > 100, rows
    return rows, digest.hexdigest()


def _lines(over: datetime) -> Iterator[tuple[str, object]]:
    """What a sample of requests cost, attempt by attempt, with the price that each was charged at."""
    from billing.models import UsageRecord
    from billing.record import request
    from llmhub.lib import ids

    keys = UsageRecord.objects.filter(pk__lt=ids.first_at(over)).values_list("pk", flat=True)
    step = max(1, len(keys) // _SAMPLE)
    for key in keys.order_by("pk")[::step]:
        found = request(key)
        assert found is not None
        yield (
            f"request {key}",
            [
                (row.attempt.cost_nano, row.price and (row.price.input, row.price.output))
                for row in found.attempts
            ],
        )


def _correct(over: datetime) -> tuple[int, int, int]:
    """Price the calls of an offer anew: how many differed, by how much sums are off, how many are wrong."""
    from billing import reconcile, reprice
    from billing.models import Attempt
    from catalog.models import Offer
    from llmhub.audit.actor import COMMAND_LINE

    computed = Attempt.objects.filter(cost_source="computed").latest("pk")
    span = reprice.Span(
        Offer.objects.get(pk=computed.offer_id),
        over - timedelta(days=2 * _DAYS),
        over + timedelta(days=1),
    )
    before = _spend(span)
    posted = reprice.post(span, actor=COMMAND_LINE, reason="ten times too cheap", once="prove")
    off = _spend(span) - before - posted.total.difference_nano
    return posted.total.calls, off, len(reconcile.check(everything=True))


def _spend(span) -> int:
    from billing import rollup_read

    found = rollup_read.sums([rollup_read.Span(span.since, span.until)], measures=["spend_nano"])
    return sum(row.values["spend_nano"] for row in found)


def _at_todays_prices(api: Api) -> Decimal:
    return Decimal(api.get("/reports/savings").json()["cost_today"])


def _reprice() -> int:
    """Give every offer another price from now on; how many have one."""
    from catalog.models import Offer
    from catalog.offer import set_price
    from llmhub.audit.actor import COMMAND_LINE
    from llmhub.lib import clock
    from providers.rates import Rates

    changed = 0
    for offer in Offer.objects.filter(withdrawn_at=None):
        price = offer.prices.begun(clock.now()).filter(above_input_tokens=0).first()
        if price is not None:
            dearer = Rates(price.input * _TIMES, price.output * _TIMES)
            set_price(actor=COMMAND_LINE, offer=offer, tiers=[dearer])
            changed += 1
    _add_up_anew()
    return changed


def _overwrite() -> int:
    from catalog.models import Price

    prices = list(Price.objects.all())
    for price in prices:
        price.input, price.output = price.input * _TIMES, price.output * _TIMES
        price.save(update_fields=["input", "output"])
    return len(prices)


def _add_up_anew() -> None:
    """Make every sum of every call again."""
    from billing import rollup, rollup_day
    from billing.rollup_models import DirtyBucket

    rollup.mark_everything()
    for bucket in DirtyBucket.objects.values_list("bucket", flat=True).distinct():
        rollup.roll_up(bucket)
    rollup_day.recompute(pause=0)
