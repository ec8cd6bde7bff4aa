"""Read why a request went where it went, with the names of what its plan says by id."""

from __future__ import annotations

from collections.abc import Iterable

from billing.budget_names import Names
from billing.models import Budget
from billing.record import Request
from catalog.models import Offer
from routing.explain_block import read
from routing.explain_shown import explained, offer_ids
from routing.explain_values import Explained, Place, Tried


def of_request(found: Request) -> Explained | None:
    """Return why a request went where it went; None where that is not known."""
    record = found.row.record
    block = read(record.plan)
    if block is None:
        return None
    rows = [row.attempt for row in found.attempts]
    tried = [Tried(row.offer_id or 0, row.number, row.status, row.error_code) for row in rows]
    return explained(
        block,
        places(offer_ids(block)),
        requested=record.requested,
        tried=[] if record.refusals else tried,
        budgets=labels(each.budget for each in block.passed),
    )


def places(offers: Iterable[int]) -> dict[int, Place]:
    """Return where offers are, withdrawn ones too."""
    rows = Offer.objects.filter(pk__in=set(offers)).select_related("entry", "provider")
    return {row.pk: Place(row.entry.slug, row.provider.slug, row.provider.name) for row in rows}


def labels(budgets: Iterable[int]) -> dict[int, str]:
    """Return what budgets are of: `team:support`."""
    wanted = {each for each in budgets if each}
    rows = list(Budget.objects.filter(pk__in=wanted)) if wanted else []
    names = Names.of(rows)
    return {row.pk: names.label(row) for row in rows}
