"""How adjustments look to programs: the same in the API and in `--json`. Amounts are USD, with a sign."""

from __future__ import annotations

from datetime import date, datetime

from billing.adjustment_read import AdjustmentRow
from billing.reprice import Repricing, Sums
from llmhub.lib import money
from llmhub.lib.rest import Output


class AdjustmentOut(Output):
    """One correction of what was charged; `at` is when it counts, `usage` the record that sums have."""

    id: int
    usage: str
    at: datetime
    amount: str
    request: str | None  # the one that was wrong
    team: str | None
    provider: str | None
    repriced: bool  # by a repricing, not by hand
    reason: str
    made_by: str
    made_at: datetime


class CorrectedOut(Output):
    """What calls that differ were charged, and what they should have been."""

    calls: int
    charged: str
    right: str
    difference: str


class CorrectedDay(CorrectedOut):
    """The same of one day in the organisation's zone."""

    day: date


class RepricingOut(CorrectedOut):
    """What a repricing posts, or posted: the sum of its days, and how many calls it left alone."""

    posted: bool
    looked_at: int
    reported: int  # left: the provider said what they cost
    unclear: int  # left: of unknown cost for more than this price
    days: list[CorrectedDay]


def adjustment_out(row: AdjustmentRow) -> AdjustmentOut:
    """Return an adjustment as programs read it."""
    of = row.adjustment
    return AdjustmentOut(
        id=of.pk,
        usage=row.request_id,
        at=row.at,
        amount=money.text(of.amount_nano),
        request=of.corrects,
        team=row.team.slug if row.team else None,
        provider=row.provider.slug if row.provider else None,
        repriced=of.offer_id is not None,
        reason=of.reason,
        made_by=of.made_by,
        made_at=of.made_at,
    )


def repricing_out(found: Repricing, *, posted: bool) -> RepricingOut:
    """Return a repricing as programs read it."""
    return RepricingOut(
        **_sums(found.total).model_dump(),
        posted=posted,
        looked_at=found.calls,
        reported=found.reported,
        unclear=found.unclear,
        days=[CorrectedDay(day=day, **_sums(found.days[day]).model_dump()) for day in sorted(found.days)],
    )


def _sums(sums: Sums) -> CorrectedOut:
    return CorrectedOut(
        calls=sums.calls,
        charged=money.text(sums.charged_nano),
        right=money.text(sums.right_nano),
        difference=money.text(sums.difference_nano),
    )
