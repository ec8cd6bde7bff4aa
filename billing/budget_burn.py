"""Tell of budgets that are spent much faster than their caps allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from billing import amount, budget_words, burn, crossing, periods, rollup_bucket, rollup_read
from billing.budget import unit_of
from billing.budget_alerts import Budgets
from billing.budget_sums import COLUMNS, MEASURES, amount_of
from billing.burn import Burn, Spent
from billing.models import Budget, Counter
from billing.periods import Per
from billing.rollup_read import Span, Sums
from llmhub.alerts import alert
from llmhub.alerts.finding import BURN, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock, figures

HOLD = timedelta(minutes=5)  # so long it has to be so before anybody is told


@dataclass(frozen=True)
class _Standing:
    """A budget with its cap, what is left of it and its windows."""

    budget: Budget
    cap: int
    left: int
    windows: Sequence[Spent]

    def burning(self, now: datetime) -> Burn | None:
        """Return how fast it is spent where that is too fast."""
        per, zone = cast("Per", self.budget.per), ZoneInfo(self.budget.time_zone)
        begin, end = periods.start(per, zone, now), periods.end(per, zone, now) or 0
        return burn.burning(
            self.windows,
            per=per,
            cap=self.cap,
            left=self.left,
            begin=datetime.fromtimestamp(begin, UTC),
            end=datetime.fromtimestamp(end, UTC),
        )


def look(now: datetime | None = None) -> None:
    """Bring the alerts in line with the pace of the last hours. Safe to run twice."""
    now = now or clock.now()
    rows = Budget.objects.in_force().filter(per__in=burn.PERIODS, scope__in=COLUMNS).exclude(cap=None)
    standing = _standing(list(rows), now)
    budgets = Budgets.of(each.budget.pk for each in standing)
    found = {each.budget.pk: (each, each.burning(now)) for each in standing}
    for row in Alert.objects.firing().filter(rule=BURN):
        each, fast = found.get(int(row.subject.partition(":")[2]), (None, None))
        if each is not None and fast is None:
            alert.resolve(row, text=_over(each), now=now)
    findings = (_finding(each, fast, budgets, now) for each, fast in found.values() if fast is not None)
    alert.settle(BURN, findings, now=now, hold=HOLD)


def _standing(rows: Sequence[Budget], now: datetime) -> list[_Standing]:
    spans = [Span(_begin(now - window), now) for window in burn.WINDOWS]
    sums = {scope: _sums(scope, spans) for scope in {row.scope for row in rows}}
    counters = Counter.objects.filter(
        budget_id__in=[row.pk for row in rows],
        period_start__in={crossing.period_of(row, now) for row in rows},
    )
    spent = {(each.budget_id, each.period_start): each.spent for each in counters}
    found = []
    for row in rows:
        cap = row.cap_at(now) or 0
        left = cap - spent.get((row.pk, crossing.period_of(row, now)), 0)
        mine = sums[row.scope].get(row.scope_id, ())
        windows = [
            _spent(span, [each for each in mine if each.span == n], row) for n, span in enumerate(spans)
        ]
        found.append(_Standing(row, cap, left, windows))
    return found


def _begin(moment: datetime) -> datetime:
    """Return where a window begins: a quarter of an hour, so that its sums need not be counted anew."""
    return datetime.fromtimestamp(rollup_bucket.at(moment), UTC)


def _sums(scope: str, spans: Sequence[Span]) -> Mapping[int, Sequence[Sums]]:
    """Return what is summed up for a scope, by whose it is."""
    column = COLUMNS[scope][0]
    found: dict[int, list[Sums]] = {}
    floor = rollup_read.floor_of(max(spans, key=lambda span: span.until - span.since))
    by = [column] if column else []
    for row in rollup_read.sums(spans, by=by, measures=MEASURES, floor=floor):
        found.setdefault(row.of[0] if column else 0, []).append(row)
    return found


def _spent(span: Span, rows: Sequence[Sums], budget: Budget) -> Spent:
    return Spent(
        span.since,
        span.until,
        sum(amount_of(row, budget) for row in rows),
        sum(row.values["requests"] for row in rows),
    )


def _finding(each: _Standing, fast: Burn, budgets: Budgets, now: datetime) -> Finding:
    budget, unit = each.budget, unit_of(each.budget)
    whose, its = budget_words.owner(budget.scope, budgets.names.name(budget)), budget_words.its(budget.per)
    facts = {"spent": fast.amount, "pace": fast.pace, "left": each.left, "cap": each.cap}
    return Finding(
        BURN,
        f"budget:{budget.pk}",
        f"{whose} spends its {its} {_times(fast)} as fast as it allows",
        _text(each, fast),
        severity="critical" if fast.is_urgent else "warning",
        team_id=budgets.team_of(budget),
        path=f"/budgets/{budget.pk}/",
        facts={
            **budgets.facts(budget, now),
            **{name: amount.show(value, unit) for name, value in facts.items()},
            "since": fast.since.isoformat(),
            "calls": fast.calls,
            "times": round(fast.times, 1),
            "lasts_hours": round(fast.lasts, 1),
        },
    )


def _text(each: _Standing, fast: Burn) -> str:
    unit = unit_of(each.budget)
    left = budget_words.said(max(each.left, 0), unit)
    return (
        f"{budget_words.said(fast.amount, unit)} {_since(each, fast.since)}, "
        f"by {figures.count(fast.calls)} calls: "
        f"{budget_words.said(fast.pace, unit)} an hour, {_times(fast)} what the cap of "
        f"{budget_words.said(each.cap, unit)} allows. {left} are left, for {budget_words.hours(fast.lasts)} "
        "at this pace. See whose calls they are; pause a key that runs wild."
    )


def _over(each: _Standing) -> str:
    unit, hour = unit_of(each.budget), each.windows[0]
    return f"It slowed down: {budget_words.said(hour.amount, unit)} {_since(each, hour.since)}."


def _since(each: _Standing, moment: datetime) -> str:
    zone = each.budget.time_zone
    return f"since {moment.astimezone(ZoneInfo(zone)):%H:%M} ({zone})"


def _times(fast: Burn) -> str:
    return f"{fast.times:.0f} times" if fast.times >= 10 else f"{fast.times:.1f} times"
