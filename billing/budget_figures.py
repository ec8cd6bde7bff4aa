"""What the page of a budget shows beside its period: where its numbers lead, and the periods before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing import budget_words
from billing.budget_links import refused_url, spend_url
from billing.budget_periods import Period, periods_of
from billing.budget_state import BudgetRow
from llmhub.lib import clock, figures

_LABELS = {"hour": "%-d %b %H:%M", "day": "%a %-d %b", "month": "%B %Y", "year": "%Y"}


@dataclass(frozen=True)
class PeriodLine:
    """One period as the page shows it."""

    period: Period
    label: str  # "November 2026"
    share: str  # of the cap as it is now


def figures_of(row: BudgetRow) -> dict[str, Any]:
    """Return them for the template."""
    now = clock.now()
    return {
        "spend_url": spend_url(row, now),
        "refused_url": refused_url(row),
        "decider": budget_words.decider(row.budget.scope),
        "periods": [_line(period, row) for period in periods_of(row.budget, now)],
    }


def _line(period: Period, row: BudgetRow) -> PeriodLine:
    share = figures.share(max(period.spent, 0), row.cap) if row.cap else figures.UNKNOWN
    return PeriodLine(period, _label(row.budget.per, period.start), share)


def _label(per: str, start: datetime | None) -> str:
    if start is None:
        return ""
    if per == "week":
        return f"{start:%-d %b} to {start + timedelta(days=6):%-d %b}"
    return f"{start:{_LABELS[per]}}"
