"""Hold money for a call that no gateway makes, and write its record, by the ledger's own batch."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, transaction
from msgspec.structs import replace

from billing import ledger_batch, scopes, worker
from billing.budget import in_force
from billing.entries import Hold, Reserve, Settle
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


def hold(wanted: Reserve, *, tokens: int, provider_id: int = 0, entry_id: int = 0) -> Reserve:
    """Hold the most that a call may take, in the transaction that is open; return it with its new id.

    Whoever holds it settles it; else the sweeper does, by what was held. Raises `OverBudget`, and then
    nothing is held.
    """
    with transaction.atomic():
        lease, maker = worker.take(DEFAULT_DB_ALIAS)
        id_ = maker.next()
        subjects = scopes.payers(team_id=None, key_id=None, person_id=None, tags={})
        subjects += scopes.suppliers(provider_id=provider_id, entry_id=entry_id)
        amounts = {"usd": wanted.amount_nano, "tokens": tokens, "requests": 1}
        at = ids.moment_of(id_)
        holds = tuple(
            Hold(budget.id, budget.period_start(at), amounts[budget.unit], budget.unit, budget.only)
            for budget in scopes.of(scopes.by_subject(in_force()), dict.fromkeys(subjects))
        )
        reserve = replace(wanted, id=id_, holds=holds)
        found = ledger_batch.apply(Batch(reserves=[reserve]), alias=DEFAULT_DB_ALIAS, next_id=maker.next)
        worker.give_back(DEFAULT_DB_ALIAS, lease)
        if id_ in found.refused:
            raise found.refused[id_]
    return reserve


def settle(entry: Settle, held: Reserve) -> None:
    """Write the record of a call that money is `held` for, in the transaction that is open.

    Where the sweeper was quicker, its estimate is taken back: what was held says how much that was.
    """
    with transaction.atomic():
        lease, maker = worker.take(DEFAULT_DB_ALIAS)
        batch = Batch(settles=[replace(entry, id=held.id)], known_holds={held.id: held.holds})
        ledger_batch.apply(batch, alias=DEFAULT_DB_ALIAS, next_id=maker.next)
        worker.give_back(DEFAULT_DB_ALIAS, lease)


def _holds(settle: Settle) -> Iterator[Hold]:
    """Yield the counters of what pays for a call that has no team and no key."""
    subjects = scopes.payers(team_id=None, key_id=None, person_id=None, tags={})
    for attempt in settle.attempts:
        if attempt.provider_id and attempt.entry_id:
            subjects += scopes.suppliers(provider_id=attempt.provider_id, entry_id=attempt.entry_id)
    at = ids.moment_of(settle.id)
    for budget in scopes.of(scopes.by_subject(in_force()), dict.fromkeys(subjects)):
        yield Hold(budget.id, budget.period_start(at), 0, budget.unit, budget.only)
