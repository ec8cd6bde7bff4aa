"""The last day of some offers, by quarter of an hour: latency, failures and speed, as charts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from providers import statistics_rows
from providers.degradation_watch import minute_of
from providers.statistics import MINUTE
from providers.statistics_retention import QUARTER
from providers.tally import PER_SECOND, Tally

QUARTERS = 96  # a day of them


@dataclass(frozen=True)
class Quarter:
    """What was counted in a quarter of an hour."""

    begins: datetime
    tally: Tally

    @property
    def latency_p50(self) -> int | None:
        """Milliseconds that half of the answered calls did not exceed."""
        return self.tally.latency.percentile(50)

    @property
    def latency_p95(self) -> int | None:
        """Milliseconds that all but one of twenty did not exceed."""
        return self.tally.latency.percentile(95)

    @property
    def speed(self) -> float | None:
        """Tokens per second, in the middle."""
        tenths = self.tally.speed.percentile(50)
        return None if tenths is None else tenths / PER_SECOND

    @property
    def failed(self) -> float | None:
        """Percent of the calls that the offers' illness broke."""
        return 100 * self.tally.ill / self.tally.calls if self.tally.calls else None


@dataclass(frozen=True)
class Chart:
    """A figure, and what it shows."""

    name: str
    title: str
    figure: dict[str, Any]


def last_day(targets: Collection[int], now: datetime) -> list[Quarter]:
    """Return the last 24 hours by quarter, the oldest first."""
    first = (minute_of(now) // QUARTER - QUARTERS + 1) * QUARTER
    tallies = [Tally() for _ in range(QUARTERS)]
    for kept in statistics_rows.since(first, targets=targets) if targets else ():
        tallies[min((kept.minute - first) // QUARTER, QUARTERS - 1)].merge(kept.tally)
    return [
        Quarter(datetime.fromtimestamp((first + place * QUARTER) * MINUTE, UTC), tally)
        for place, tally in enumerate(tallies)
    ]


def charts(quarters: Sequence[Quarter]) -> list[Chart]:
    """Return the charts of a day; a quarter without calls is a gap."""
    seconds: list[tuple[str, Callable[[Quarter], float | None]]] = [
        ("half within", lambda quarter: _seconds(quarter.latency_p50)),
        ("95 % within", lambda quarter: _seconds(quarter.latency_p95)),
    ]
    return [
        Chart("latency", "Latency", _lines(quarters, seconds, unit=" s")),
        Chart("errors", "Failed calls", _lines(quarters, [("failed", lambda each: each.failed)], unit=" %")),
        Chart("speed", "Tokens per second", _lines(quarters, [("in the middle", lambda each: each.speed)])),
    ]


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _lines(
    quarters: Sequence[Quarter],
    lines: Sequence[tuple[str, Callable[[Quarter], float | None]]],
    unit: str = "",
) -> dict[str, Any]:
    times = [timezone.localtime(quarter.begins).strftime("%Y-%m-%d %H:%M") for quarter in quarters]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "marker": {"size": 4},
                "name": name,
                "x": times,
                "y": [None if (found := value(quarter)) is None else round(found, 3) for quarter in quarters],
                "meta": place,
                "hovertemplate": f"%{{y:,.3~f}}{unit}",
            }
            for place, (name, value) in enumerate(lines)
        ],
        "layout": {
            "showlegend": len(lines) > 1,
            "yaxis": {"rangemode": "tozero", "ticksuffix": unit, "nticks": 5},
            "xaxis": {"tickformat": "%H:%M", "nticks": 4, "tickangle": 0},
            "legend": {"orientation": "h", "x": 0, "y": 1.2},
            "margin": {"l": 56, "r": 24, "t": 24, "b": 32},
        },
    }
