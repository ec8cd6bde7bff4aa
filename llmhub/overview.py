"""What the front page shows: the figures of billing, the bars of its chart, the state of providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from billing import spend
from billing.budget_line import BudgetLine
from billing.budget_watch import nearest
from llmhub.alerts.finding import CREDENTIAL, RETIREMENT
from llmhub.alerts.models import Alert
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.lib.briefly import Briefly
from llmhub.people.roles import reach
from providers.models import Provider
from providers.status import Status, status_of

_budgets: Briefly[tuple[str, frozenset[int] | None], list[BudgetLine]] = Briefly()
_figures: Briefly[tuple[ZoneInfo, frozenset[int] | None], spend.Overview] = Briefly()
PROVIDERS_SHOWN = 8
DEMANDING_SHOWN = 99


@dataclass(frozen=True)
class Bar:
    """One day of the chart; its height is a share of the dearest day."""

    day: spend.Day
    height: int  # 0 to 100

    @property
    def top(self) -> int:
        """Where the bar begins, from above."""
        return 100 - self.height


@dataclass(frozen=True)
class ProviderState:
    """A provider and the word beside its name."""

    provider: Provider
    status: Status


def demanding(now: datetime, actor: Actor) -> list[Alert]:
    """Return the alerts that fire and that nobody sees to, of those `actor` may read, critical ones first.

    Of credentials a box of its own tells, with more; of models that end soon another one, to those who
    see the whole hub.
    """
    boxes = [CREDENTIAL, RETIREMENT] if reach(actor) is None else [CREDENTIAL]
    rows = Alert.objects.seen_by(actor).demanding(now).exclude(rule__in=boxes)
    return list(rows.worst_first()[:DEMANDING_SHOWN])


def bars(days: tuple[spend.Day, ...]) -> list[Bar]:
    """Return the chart; a day on which anything was spent never looks empty."""
    most = max((day.figures.spend_nano for day in days), default=0)
    return [Bar(day, _height(day.figures.spend_nano, most)) for day in days]


def _height(nano: int, most: int) -> int:
    return max(2, round(nano * 100 / most)) if nano > 0 else 0


def figures(zone: ZoneInfo, *, teams: frozenset[int] | None) -> spend.Overview:
    """Return the figures as of a moment ago, of these teams; None: of everything.

    Whoever looks meanwhile gets the same: a hundred viewers cost the database as much as a few.
    """
    return _figures.get(
        (zone, teams),
        lambda: spend.overview(clock.now(), zone, teams=teams),
        seconds=settings.FIGURES_SECONDS,
    )


def budgets(actor: Actor) -> list[BudgetLine]:
    """Return the budgets nearest to their caps as of a moment ago, of those `actor` may see."""
    teams = reach(actor)
    whose = "" if teams is None else actor.identity
    return _budgets.get(
        (whose, teams),
        lambda: [BudgetLine(row) for row in nearest(actor, clock.now())],
        seconds=settings.FIGURES_SECONDS,
    )


def provider_states() -> list[ProviderState]:
    """Return the providers that calls can reach or that something is wrong with, troubled ones first."""
    found = [
        ProviderState(row, status_of(row, usable=row.usable, out=row.out))
        for row in Provider.objects.listed().counted()
        if row.usable or row.out or row.paused_reason or not row.needs_credential
    ]
    order = {"bad": 0, "warn": 1, "good": 2, "idle": 3}
    return sorted(found, key=lambda state: order[state.status.kind])[:PROVIDERS_SHOWN]
