"""What fires, as the page of alerts shows it: one line for a budget, however many thresholds it crossed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmhub.alerts.alert import may_change
from llmhub.alerts.models import Alert
from llmhub.audit.actor import Actor


@dataclass(frozen=True)
class Firing:
    """An alert with the lower thresholds of the same thing that fire, too."""

    row: Alert
    below: tuple[Alert, ...]  # the highest first
    may_change: bool  # whoever looks


def grouped(rows: Iterable[Alert], actor: Actor) -> list[Firing]:
    """Return alerts in their order; of several thresholds of one thing the highest stands for all."""
    found: dict[tuple[str, str, int, int], list[Alert]] = {}
    for row in rows:
        found.setdefault((row.rule, row.subject, row.period, 0 if row.threshold else row.pk), []).append(row)
    sorted_ = [sorted(some, key=lambda row: -row.threshold) for some in found.values()]
    return [Firing(most, tuple(below), may_change(actor, most)) for most, *below in sorted_]
