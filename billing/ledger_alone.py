"""Write the record of a call that no gateway made, by the ledger's own batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db import DEFAULT_DB_ALIAS, transaction

from billing import ledger_batch, scopes, worker
from billing.budget import in_force
from billing.entries import Hold, Settle
from billing.ledger_batch import Batch
from llmhub.lib import ids


def write(entry: Settle, *, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Write `entry` under a new id, in the transaction that is open, and return the id.

    Nothing was reserved for it; the budgets of the organisation, and of where it went, are charged.
    """
    with transaction.atomic(using=alias):
        lease, maker = worker.take(alias)
        settle = replace(entry, id=maker.next())
        charged = {settle.id: tuple(_holds(settle))}
        ledger_batch.apply(Batch(settles=[settle], known_holds=charged), alias=alias, next_id=maker.next)
        worker.give_back(alias, lease)
    return settle.id


def _holds(settle: Settle) -> Iterator[Hold]:
    """Yield the counters of what pays for a call that has no team and no key."""
    subjects = scopes.payers(team_id=None, key_id=None, person_id=None, tags={})
    for attempt in settle.attempts:
        if attempt.provider_id and attempt.entry_id:
            subjects += scopes.suppliers(provider_id=attempt.provider_id, entry_id=attempt.entry_id)
    at = ids.moment_of(settle.id)
    for budget in scopes.of(scopes.by_subject(in_force()), dict.fromkeys(subjects)):
        yield Hold(budget.id, budget.period_start(at), 0, budget.unit, budget.only)
