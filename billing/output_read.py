"""How long the answers of a team's calls were lately, of one model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import UsageRecord
from llmhub.lib import ids

DAYS = 7
_LOOKED_AT = 2000  # calls of the team, newest first


@dataclass(frozen=True)
class Outputs:
    """Tokens of answers."""

    calls: int = 0
    p50: int | None = None
    p95: int | None = None


def outputs(team_id: int, entry_id: int, *, now: datetime) -> Outputs:
    """Return the length of answers to the team's last calls to a model; None where it has made none."""
    rows = UsageRecord.objects.filter(team_id=team_id, id__gte=ids.first_at(now - timedelta(days=DAYS)))
    newest = rows.order_by("-id").values_list("entry_id", "status", "output_tokens")[:_LOOKED_AT]
    found = sorted(
        tokens for entry, status, tokens in newest if entry == entry_id and status == "ok" and tokens
    )
    if not found:
        return Outputs()
    return Outputs(len(found), _at(found, 0.5), _at(found, 0.95))


def _at(ordered: list[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
