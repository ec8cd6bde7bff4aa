"""Foretell the ends of budgets' periods from roll-ups, keep the forecasts, and tell of those over the cap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from billing import amount, budget_words, crossing, periods, rollup_read, span
from billing.budget import unit_of
from billing.budget_alerts import Budgets
from billing.budget_sums import COLUMNS, MEASURES, amount_of
from billing.forecast import Day, Forecast, foretell
from billing.forecast_models import BudgetForecast
from billing.models import ApiKey, Budget, Counter
from billing.periods import Per
from billing.rollup_read import Span, Sums
from catalog.models import CatalogEntry
from llmhub.alerts import alert
from llmhub.alerts.finding import FORECAST, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from llmhub.people.models import Team

MOST_DAYS = 62  # whole days that a forecast is made of: the last ones
CONTRIBUTORS = 3
_PERIODS = ("week", "month", "year")  # a shorter one is over before days could say anything
_NAMES = {"team_id": (Team, "name"), "key_id": (ApiKey, "name"), "entry_id": (CatalogEntry, "slug")}


@dataclass(frozen=True)
class _Sums:
    """What each day had, of budgets of one scope in one zone."""

    days: Sequence[date]
    rows: Sequence[Sums]


def look(now: datetime | None = None) -> int:
    """Make the forecasts anew and return how many there are. Safe to run twice."""
    now = now or clock.now()
    budgets = list(Budget.objects.in_force().filter(per__in=_PERIODS, scope__in=COLUMNS).exclude(cap=None))
    found = list(_forecasts(budgets, now))
    BudgetForecast.objects.exclude(pk__in=[row.pk for row in found]).delete()
    for row in found:
        BudgetForecast.objects.update_or_create(budget_id=row.pk, defaults=_values(row))
    alert.settle(FORECAST, _findings(found, Budgets.of(row.pk for row in found), now), now=now)
    return len(found)


def forecast_of(budget: Budget, now: datetime | None = None) -> BudgetForecast | None:
    """Return the last forecast of a budget's period, None where there is none."""
    start = crossing.period_of(budget, now or clock.now())
    return BudgetForecast.objects.filter(pk=budget.pk, period_start=start).first()


def _values(row: BudgetForecast) -> dict[str, object]:
    return {
        field.name: getattr(row, field.name)
        for field in row._meta.concrete_fields
        if field.name != "budget_id"
    }


def _forecasts(budgets: Sequence[Budget], now: datetime) -> Iterator[BudgetForecast]:
    sums: dict[tuple[str, str], _Sums] = {}
    counters = {
        (row.budget_id, row.period_start): row.spent
        for row in Counter.objects.filter(budget_id__in=[row.pk for row in budgets])
    }
    for budget in budgets:
        key = budget.time_zone, budget.scope
        if key not in sums:
            sums[key] = _read(budget.scope, ZoneInfo(budget.time_zone), now)
        spent = counters.get((budget.pk, crossing.period_of(budget, now)), 0)
        if (row := _forecast(budget, sums[key], spent, now)) is not None:
            yield row


def _read(scope: str, zone: ZoneInfo, now: datetime) -> _Sums:
    """Return the sums of the last whole days, by what a scope needs."""
    days = span.days_until(now, zone, count=MOST_DAYS + 1)
    ends = [begin for _, begin in days[1:]]
    spans = [Span(begin, end) for (_, begin), end in zip(days, ends, strict=False)]
    by = [column for column in COLUMNS[scope] if column]
    return _Sums([day for day, _ in days[:-1]], rollup_read.sums(spans, by=by, measures=MEASURES))


def _forecast(budget: Budget, sums: _Sums, spent: int, now: datetime) -> BudgetForecast | None:
    zone, per = ZoneInfo(budget.time_zone), cast("Per", budget.per)
    start, end = crossing.period_of(budget, now), periods.end(per, zone, now)
    first = datetime.fromtimestamp(start, zone).date()
    mine = [row for row in sums.rows if not COLUMNS[budget.scope][0] or row.of[0] == budget.scope_id]
    mine = [row for row in mine if sums.days[row.span] >= first]
    by_day = dict.fromkeys((day for day in sums.days if day >= first), 0)
    for row in mine:
        by_day[sums.days[row.span]] += amount_of(row, budget)
    days = [Day(day, total) for day, total in by_day.items()]
    made = foretell(days, spent=spent, left=list(_left(now, end or 0, zone)))
    return None if made is None else _row(budget, start, spent, made, _largest(budget, mine), now)


def _row(
    budget: Budget, start: int, spent: int, made: Forecast, largest: list[dict[str, object]], now: datetime
) -> BudgetForecast:
    return BudgetForecast(
        budget_id=budget.pk, period_start=start, made_at=now, spent=spent, contributors=largest, **vars(made)
    )


def _left(now: datetime, end: int, zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    """Yield the days until the period ends with the share of each that is left."""
    day = now.astimezone(zone).date()
    while (begin := span.day_start(day, zone)) < datetime.fromtimestamp(end, UTC):
        until = span.day_start(day + timedelta(days=1), zone)
        yield day, (until - max(begin, now)) / (until - begin)
        day += timedelta(days=1)


def _largest(budget: Budget, rows: Iterable[Sums]) -> list[dict[str, object]]:
    """Return who spent most of it on these days."""
    column = COLUMNS[budget.scope][1]
    totals: dict[int, int] = {}
    for row in rows:
        totals[row.of[-1]] = totals.get(row.of[-1], 0) + amount_of(row, budget)
    most = sorted((id_ for id_ in totals if totals[id_] > 0), key=lambda id_: -totals[id_])[:CONTRIBUTORS]
    model, field = _NAMES[column]
    names = dict(model._default_manager.filter(pk__in=most).values_list("pk", field))
    return [
        {
            "of": "model" if column == "entry_id" else column.removesuffix("_id"),
            "name": names.get(id_, "none" if not id_ else str(id_)),
            "amount": totals[id_],
        }
        for id_ in most
    ]


def _findings(rows: Sequence[BudgetForecast], budgets: Budgets, now: datetime) -> Iterator[Finding]:
    """Yield forecasts whose lower end is over the cap; one that was told of, while what is expected is."""
    told = {row.subject for row in Alert.objects.firing().filter(rule=FORECAST)}
    for row in rows:
        budget = budgets.rows.get(row.budget_id)
        cap = budget.cap_at(now) if budget else None
        if budget is None or cap is None:
            continue
        if row.low > cap or (row.expected > cap and f"budget:{budget.pk}" in told):
            yield _finding(row, budget, budgets, now)


def _finding(row: BudgetForecast, budget: Budget, budgets: Budgets, now: datetime) -> Finding:
    unit, cap = unit_of(budget), cast("int", budget.cap_at(now))
    whose = budget_words.owner(budget.scope, budgets.names.name(budget))
    names = ("spent", "low", "expected", "high", "per_day")
    return Finding(
        FORECAST,
        f"budget:{budget.pk}",
        f"{whose} is about to spend more than its {budget_words.its(budget.per)}",
        in_words(row, budget, cap),
        period=row.period_start,
        team_id=budgets.team_of(budget),
        path=f"/budgets/{budget.pk}/",
        facts={
            **budgets.facts(budget, now),
            **{name: amount.show(getattr(row, name), unit) for name in names},
            "cap": amount.show(cap, unit),
            "days": row.days,
            "contributors": [
                {**each, "amount": amount.show(each["amount"], unit)} for each in row.contributors
            ],
        },
    )


def in_words(row: BudgetForecast, budget: Budget, cap: int) -> str:
    """Return what a forecast says, with its method in brackets."""

    def said(number: int) -> str:
        return budget_words.said(number, unit_of(budget))

    most = ", ".join(f"{each['name']} {said(each['amount'])}" for each in row.contributors)
    return (
        f"By the end of the period {said(row.low)} to {said(row.high)} of {said(cap)} "
        f"(80 % interval, from {row.days} whole days). So far {said(row.spent)}, "
        f"{said(row.per_day)} a day{f'; most of it: {most}' if most else ''}."
    )
