"""Which offer answered a session last, by the ledger: for those who ask no gateway."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.models import UsageRecord
from llmhub.lib import ids
from routing.policy_words import BY_SUFFIX
from routing.sessions import SECONDS, Session

_MOST = 5_000  # of the team's last calls are looked at


def answered_last(session: Session, *, now: datetime) -> int | None:
    """Return the id of the offer that answered last within an hour; None where none did."""
    team_id, text, name = session
    names = {name, *(f"{name}:{suffix}" for suffix in BY_SUFFIX)}
    first = ids.first_at(now - timedelta(seconds=SECONDS))
    rows = UsageRecord.objects.filter(team_id=team_id, id__gte=first).order_by("-id")
    facts = rows.values_list("session", "requested", "status", "offer_id")[:_MOST]
    for said, requested, status, offer_id in facts.iterator(chunk_size=500):
        if said == text and requested in names and status == UsageRecord.Status.OK:
            return offer_id
    return None
