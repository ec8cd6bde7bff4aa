"""Which teams' calls somebody may see: the one place that spend pages, reports and exports ask."""

from __future__ import annotations

from llmhub.audit.actor import Actor
from llmhub.people.roles import reach


def teams_of(actor: Actor) -> frozenset[int] | None:
    """Return the ids of the teams whose calls `actor` may see; None: all, also those of no team."""
    return reach(actor, "read")
