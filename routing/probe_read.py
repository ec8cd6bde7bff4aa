"""What billed probes, and other calls of health, cost today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from billing import periods, rollup_read
from billing.rollup_read import Span
from llmhub.lib import money
from llmhub.people import organisation
from providers.models import Provider
from routing.small_call import COST_CENTRE


@dataclass(frozen=True)
class Today:
    """The calls of health at one provider since midnight, by the clock in the hub's zone."""

    nano: int = 0
    calls: int = 0


@dataclass(frozen=True)
class Probes:
    """Whether billed probes of a provider are made, and what they cost today."""

    provider: Provider
    today: Today

    @property
    def ceiling(self) -> str | None:
        """USD a day; None: they are off."""
        nano = self.provider.probe_ceiling_nano
        return None if nano is None else money.text(nano)

    @property
    def spent(self) -> str:
        """USD today."""
        return money.text(self.today.nano)


def probes_of(provider: Provider, now: datetime) -> Probes:
    """Return how the probes of a provider stand."""
    return Probes(provider, spent_today(provider, now))


def spent_today(provider: Provider, now: datetime) -> Today:
    """Return what the ledger says of today, to the last call."""
    zone = ZoneInfo(organisation.current().time_zone)
    since = datetime.fromtimestamp(periods.start("day", zone, now), UTC)
    spans: Sequence[Span] = [Span(since, now + timedelta(days=1))]
    rows = rollup_read.sums(spans, by=("provider_id", "cost_centre"), measures=("spend_nano", "requests"))
    ours = [row.values for row in rows if row.of == (provider.pk, COST_CENTRE)]
    return Today(sum(row["spend_nano"] for row in ours), sum(row["requests"] for row in ours))
