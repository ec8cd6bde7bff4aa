"""What was done to a budget, from the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing.budget import subject
from billing.budget_history import told
from billing.models import Budget
from llmhub.audit.models import AuditEvent

MOST = 50  # steps


@dataclass(frozen=True)
class Step:
    """One step in the history of a budget."""

    at: datetime
    actor: str
    told: str


def history_of(budget: Budget) -> list[Step]:
    """Return who changed a budget, asked for more and decided, the newest first."""
    events = AuditEvent.objects.filter(object=subject(budget)).order_by("-id")[:MOST]
    return [Step(event.at, event.actor, told(event.action, event.before, event.after)) for event in events]
