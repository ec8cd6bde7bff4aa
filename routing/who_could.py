"""Pure: which models could take a call that the one it asked for cannot."""

from __future__ import annotations

from routing.gateway.errors import Refusal
from routing.needs import Needs, in_words, lacking
from routing.plan import standing
from routing.reach import Reach
from routing.snapshot import Snapshot

_NAMED = 3


def with_who_could(refusal: Refusal, snapshot: Snapshot, reach: Reach, needs: Needs) -> Refusal:
    """Return a refusal for a missing capability that names who has it; any other as it is."""
    if refusal.name != "capability_missing":
        return refusal
    could = [
        entry.slug
        for entry in snapshot.entries.values()
        if entry.capabilities
        and reach.has_model(entry.slug, entry.slug)
        and not lacking(entry, needs)
        and standing(entry)
    ]
    said = in_words(sorted(needs))
    refusal.details["could"] = could
    refusal.remedies = (
        f"use {' or '.join(could[:_NAMED])}, which {said}" if could else f"no model here {said}",
        "where the model can do it, have an admin say so on its page",
    )
    return refusal
