"""What one gateway key used, and what is left of the budgets that its calls fall under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import spend_range
from billing.budget_state import BudgetRow, binding, of_key, states
from billing.models import ApiKey
from billing.spend_dimensions import dimensions
from billing.spend_query import day
from billing.spend_range import Range
from billing.spend_report import Question, Report, Series, Sums, report
from llmhub.people import organisation

MODELS = 25


@dataclass(frozen=True)
class Used:
    """What a key used in a range, and by model."""

    range: Range
    total: Sums
    models: tuple[Series, ...]  # the dearest, then everything else


@dataclass(frozen=True)
class KeyUsage:
    """What a key used today, this month and in a range that was asked for, and its budgets."""

    today: Sums
    month: Used
    asked: Used | None
    budgets: tuple[BudgetRow, ...]
    binding: BudgetRow | None  # the hard limit of which the smallest share is left


def key_usage(key_id: int, *, now: datetime, since: str = "", until: str = "") -> KeyUsage | None:
    """Return the usage of a key, or None when there is no such key.

    Raises `ValueError` on days that make no range.
    """
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        return None
    zone = ZoneInfo(organisation.current().time_zone)
    today = now.astimezone(zone).date()
    month = _report(key_id, spend_range.asked(now=now, zone=zone, since=today.replace(day=1)), now)
    asked = None
    if since or until:
        range_ = spend_range.asked(now=now, zone=zone, since=day(since), until=day(until))
        asked = _used(_report(key_id, range_, now))
    rows = states(of_key(key), at=now)
    return KeyUsage(
        today=month.intervals[-1],
        month=_used(month),
        asked=asked,
        budgets=tuple(rows),
        binding=binding(rows),
    )


def _report(key_id: int, range_: Range, now: datetime) -> Report:
    known = dimensions()
    question = Question(range=range_, by=known["model"], only={known["key"]: (key_id,)}, top=MODELS)
    return report(question, now=now)


def _used(found: Report) -> Used:
    return Used(found.question.range, found.total, found.series)
