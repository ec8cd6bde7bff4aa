"""How the offers of a model did in the last 7 days, from the roll-ups: share, errors, speed, cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billing import rollup_read
from billing.rollup_read import Span
from billing.span import DEFAULT
from llmhub.lib.sketch import Sketch

_MEASURES = ("spend_nano", "requests", "errors", "unpriced")


@dataclass
class OfferFigures:
    """What the calls of one model had that one provider answered, or was the last to fail."""

    requests: int = 0
    errors: int = 0
    unpriced: int = 0
    spend_nano: int = 0
    latency: Sketch = field(default_factory=Sketch)
    ttft: Sketch = field(default_factory=Sketch)

    @property
    def latency_p50_ms(self) -> int | None:
        """Half of the answers came within this; None without any."""
        return self.latency.percentile(50)

    @property
    def ttft_p50_ms(self) -> int | None:
        """Half of the streams began within this; None without any."""
        return self.ttft.percentile(50)

    @property
    def nano_per_1000(self) -> int | None:
        """What a thousand calls cost, of those whose cost is known; None where none is."""
        priced = self.requests - self.unpriced
        return round(self.spend_nano * 1000 / priced) if priced else None


def offer_figures(entry_id: int, *, now: datetime) -> dict[int, OfferFigures]:
    """Return the figures of a model by provider, over the last 7 days."""
    week = Span(now - DEFAULT, now + timedelta(days=1))  # another machine's clock may be ahead
    floor = rollup_read.floor_of(week)
    found: dict[int, OfferFigures] = {}
    for row in rollup_read.sums(
        [week], by=("provider_id",), measures=_MEASURES, floor=floor, entry_id=entry_id
    ):
        figures = found.setdefault(row.of[0], OfferFigures())
        for name, value in row.values.items():
            setattr(figures, name, getattr(figures, name) + value)
    for provider_id, (latency, ttft) in rollup_read.times_of_providers(week, entry_id, floor=floor).items():
        if provider_id in found:
            found[provider_id].latency, found[provider_id].ttft = latency, ttft
    found.pop(0, None)  # refused before it went anywhere
    return found
