"""Hold money for a call that no gateway makes, and write its record, by the ledger's own batch."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from msgspec.structs import replace

from billing import ledger_batch, ledger_inserts, scopes, worker
from billing.budget import in_force
from billing.entries import Hold, Reserve, Settle
from billing.ledger_batch import Batch, Release
from billing.models import Attempt, UsageRecord
from llmhub.lib import ids


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


def release(held: Reserve) -> None:
    """Give back what was held for a call that nothing was done for, in the transaction that is open."""
    ledger_batch.apply(Batch(releases=[Release(held.id)]), alias=DEFAULT_DB_ALIAS, next_id=lambda: 0)


@transaction.atomic
def attribute(usage_id: int, *, provider_id: int, entry_id: int | None, offer_id: int | None) -> None:
    """Say in a record where its call went, to a provider that was not saved then: no budget can be of it."""
    where = {"provider_id": provider_id, "entry_id": entry_id, "offer_id": offer_id}
    UsageRecord.objects.filter(pk=usage_id).update(**where)
    Attempt.objects.filter(usage_id=usage_id).update(**where)
    with connection.cursor() as cursor:
        ledger_inserts.mark_dirty(cursor, [usage_id])
