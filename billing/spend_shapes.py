"""How reports of spend and savings look to programs: the same in the API and in `--json`."""

from __future__ import annotations

from datetime import datetime

from billing.movers import Mover
from billing.savings import Repricing, Savings
from billing.spend_report import Measure, Report, Series, Sums
from llmhub.lib import money
from llmhub.lib.rest import Output


class SumsOut(Output):
    """Sums over some calls: spend is USD and leaves out calls of unknown cost, which `unpriced` counts."""

    spend: str
    tokens: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    requests: int
    errors: int
    unpriced: int


class IntervalOut(SumsOut):
    """One interval, from where it begins in the zone asked for."""

    start: datetime


class SeriesOut(Output):
    """One value: its sums, those of the time before, and the measure in each interval."""

    value: str
    name: str
    total: SumsOut
    before: SumsOut
    points: list[str]


class MoverOut(Output):
    """What moved spend: one team, model or key, this month so far against as many days before; USD."""

    group_by: str
    value: str
    name: str
    spend: str
    before: str
    difference: str


class SpendOut(Output):
    """Spend told apart by one dimension; `data` and `everything_else` add up to `total`, exactly."""

    group_by: str
    measure: str
    interval: str
    zone: str
    since: datetime
    until: datetime
    before_since: datetime
    before_until: datetime
    total: SumsOut
    before: SumsOut
    coverage: float | None
    intervals: list[IntervalOut]
    data: list[SeriesOut]
    everything_else: SeriesOut | None
    others: int
    counted_from: datetime | None
    next_cursor: str = ""


class SavingPartOut(Output):
    """A model and what a rule found in its calls, in USD."""

    model: str
    amount: str


class SavingOut(Output):
    """What one rule found."""

    rule: str
    title: str
    text: str
    remedy: str
    requests: int
    amount: str
    share: float | None
    mostly: list[SavingPartOut]


class RepricedOut(Output):
    """What one model at one provider cost, and would cost at today's price; null without a price today."""

    model: str
    provider: str
    requests: int
    cost: str
    today: str | None
    has_tiers: bool


class SavingsOut(Output):
    """What was paid for nothing by stated rules, and the same calls at today's prices."""

    zone: str
    since: datetime
    until: datetime
    spend: str
    amount: str
    share: float | None
    rules: list[SavingOut]
    cost_today: str
    cost_then: str
    without_price_today: str
    models: list[RepricedOut]
    counted_from: datetime | None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole > 0 else None


def _sums(sums: Sums) -> dict[str, str | int]:
    return {
        "spend": money.text(sums.spend_nano),
        **{name: getattr(sums, name) for name in SumsOut.model_fields if name != "spend"},
    }


def sums_out(sums: Sums) -> SumsOut:
    """Return sums as programs read them."""
    return SumsOut.model_validate(_sums(sums))


def _point(amount: int, measure: Measure) -> str:
    return money.text(amount) if measure == "spend" else str(amount)


def _series(series: Series, measure: Measure) -> SeriesOut:
    return SeriesOut(
        value=series.name.public,
        name=series.name.label,
        total=sums_out(series.total),
        before=sums_out(series.before),
        points=[_point(amount, measure) for amount in series.points],
    )


def spend_out(report: Report) -> SpendOut:
    """Return a report as programs read it; the cursor is of what stands in it last."""
    asked, zone = report.question, report.question.range.zone
    named = [series for series in report.series if series.value is not None]
    rest = [series for series in report.series if series.value is None]
    is_more = len(named) == asked.top and bool(rest)
    return SpendOut(
        group_by=asked.by.word,
        measure=asked.measure,
        interval=asked.range.per,
        zone=str(zone),
        since=asked.range.begin.astimezone(zone),
        until=asked.range.end.astimezone(zone),
        before_since=report.before_span.since.astimezone(zone),
        before_until=report.before_span.until.astimezone(zone),
        total=sums_out(report.total),
        before=sums_out(report.before),
        coverage=_share(report.total.covered_nano, report.total.spend_nano),
        intervals=[
            IntervalOut.model_validate({"start": start.astimezone(zone), **_sums(sums)})
            for start, sums in zip(report.starts, report.intervals, strict=True)
        ],
        data=[_series(series, asked.measure) for series in named],
        everything_else=_series(rest[0], asked.measure) if rest else None,
        others=report.others,
        counted_from=report.counted_from,
        next_cursor=f"{named[-1].total.of(asked.measure)}:{named[-1].value}" if is_more else "",
    )


def savings_out(found: Savings, repricing: Repricing) -> SavingsOut:
    """Return the report of savings as programs read it."""
    range_ = found.range
    return SavingsOut(
        zone=str(range_.zone),
        since=range_.begin.astimezone(range_.zone),
        until=range_.end.astimezone(range_.zone),
        spend=money.text(found.spend_nano),
        amount=money.text(found.nano),
        share=_share(found.nano, found.spend_nano),
        rules=[
            SavingOut(
                rule=each.rule.word,
                title=each.rule.title,
                text=each.rule.text,
                remedy=each.rule.remedy,
                requests=each.requests,
                amount=money.text(each.nano),
                share=_share(each.nano, found.spend_nano),
                mostly=[
                    SavingPartOut(model=name.label, amount=money.text(nano)) for name, nano in each.mostly
                ],
            )
            for each in found.found
        ],
        cost_today=money.text(repricing.today_nano),
        cost_then=money.text(repricing.spend_nano),
        without_price_today=money.text(repricing.left_out_nano),
        models=[
            RepricedOut(
                model=row.model.label,
                provider=row.provider.label,
                requests=row.requests,
                cost=money.text(row.spend_nano),
                today=None if row.today_nano is None else money.text(row.today_nano),
                has_tiers=row.has_tiers,
            )
            for row in repricing.rows
        ],
        counted_from=found.counted_from,
    )


def mover_out(mover: Mover) -> MoverOut:
    """Return a mover as programs read it."""
    row = mover.row
    return MoverOut(
        group_by=mover.what.lower(),
        value=row.series.name.public,
        name=row.series.name.label,
        spend=money.text(row.amount),
        before=money.text(row.before),
        difference=money.text(mover.by),
    )
