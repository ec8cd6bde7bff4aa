"""A chart of stacked bars, exact to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.spend_dimensions import Name
from llmhub.lib import money


@dataclass(frozen=True)
class Column:
    """One colour of the chart: its bars, and where they lead."""

    name: Name
    points: tuple[int, ...]
    url: str  # "" for everything else


def stacked(times: Sequence[str], columns: Sequence[Column], *, is_money: bool) -> dict[str, Any]:
    """Return the figure of columns over times."""
    return {
        "data": [
            {
                "type": "bar",
                "name": _plain(column.name.label),
                "x": list(dict.fromkeys(times)),
                "y": _amounts(times, column.points, is_money=is_money),
                "meta": place if column.url else -1,
                "href": column.url,
                "hovertemplate": "%{y:$,.4~f}" if is_money else "%{y:,}",
            }
            for place, column in enumerate(columns)
        ],
        "layout": {
            "barmode": "relative",
            "bargap": 0.25,
            "yaxis": {"tickprefix": "$" if is_money else "", "rangemode": "tozero"},
            "showlegend": False,
            "margin": {"l": 52, "r": 24, "t": 12, "b": 44},
        },
    }


def _plain(label: str) -> str:
    """Return a name as a chart shows it: cut where it is long, without what it would read as markup."""
    plain = label.replace("<", "\u2039").replace("&", "+")
    return plain if len(plain) <= 32 else f"{plain[:31]}…"


def _amounts(times: Sequence[str], points: Sequence[int], *, is_money: bool) -> list[str]:
    """Return the heights of bars; an hour that the clock shows twice is one bar."""
    found: dict[str, int] = {}
    for time, amount in zip(times, points, strict=True):
        found[time] = found.get(time, 0) + amount
    return [money.text(amount) if is_money else str(amount) for amount in found.values()]
