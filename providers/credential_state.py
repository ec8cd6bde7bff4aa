"""Take a credential out of use when its provider refuses it, and use it again when a person says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.lib import clock
from llmhub.people.roles import require
from providers.credential import Kept
from providers.models import Credential, Provider
from providers.provider import subject

MAX_REASON = 200  # letters


@transaction.atomic
def take_out(credential_id: int, kept: Kept, *, reason: str) -> int | None:
    """Use a credential no more; return the id of the audit event that says so.

    None where there is nothing to do: it was replaced, removed or taken out meanwhile.
    """
    row = Credential.objects.select_for_update().filter(pk=credential_id, disabled_reason="").first()
    if row is None or (row.sealed, row.reference) != (kept.sealed, kept.reference):
        return None
    row.disabled_reason, row.disabled_at = reason[:MAX_REASON], clock.now()
    row.save(update_fields=["disabled_reason", "disabled_at"])
    told = {"label": row.label, "reason": row.disabled_reason}
    return log.record(SYSTEM, "credential.taken_out", subject(row.provider), after=told).pk


@transaction.atomic
def use_again(*, actor: Actor, provider: Provider, label: str = "default") -> None:
    """Use a credential that was taken out. Raises `Credential.DoesNotExist` where there is none."""
    require(actor, "configure")
    row = Credential.objects.select_for_update().get(provider=provider, label=label)
    if not row.disabled_reason:
        return
    row.disabled_reason, row.disabled_at = "", None
    row.save(update_fields=["disabled_reason", "disabled_at"])
    log.record(actor, "credential.used_again", subject(provider), after={"label": label})


@transaction.atomic
def set_weight(*, actor: Actor, provider: Provider, label: str = "default", weight: int) -> None:
    """Set the share of the calls that a credential gets beside the others.

    Raises `Credential.DoesNotExist`, and `ValidationError` on a weight that is none.
    """
    require(actor, "configure")
    row = Credential.objects.select_for_update().get(provider=provider, label=label)
    before, row.weight = row.weight, weight
    row.full_clean()
    if weight == before:
        return
    row.save(update_fields=["weight"])
    change = {"before": {"label": label, "weight": before}, "after": {"label": label, "weight": weight}}
    log.record(actor, "credential.changed", subject(provider), **change)


@transaction.atomic
def give_to_file(*, actor: Actor, provider: Provider, label: str) -> None:
    """Let a reference that a person set belong to llmhub.toml, which may take it away; it goes on as it is.

    Raises `Credential.DoesNotExist` where there is none.
    """
    require(actor, "configure")
    row = Credential.objects.select_for_update().get(provider=provider, label=label)
    if row.from_file:
        return
    row.from_file = True
    row.save(update_fields=["from_file"])
    told = {"before": {"label": label, "from_file": False}, "after": {"label": label, "from_file": True}}
    log.record(actor, "credential.changed", subject(provider), **told)


def tell_rest(credential_id: int, model: str, *, seconds: float) -> None:
    """Tell other processes that a credential rests for a model; they forget it when it is over."""
    told = {"model": model, "until": (clock.now() + timedelta(seconds=seconds)).isoformat()}
    cache.set(_rest_key(credential_id), told, timeout=max(1, int(seconds)))


def rests(credential_ids: Iterable[int]) -> dict[int, tuple[str, datetime]]:
    """Return for each credential that rests the model it was limited for last, and until when.

    Nothing is known of them while the cache is away.
    """
    keys = {_rest_key(id_): id_ for id_ in credential_ids}
    told = cache.get_many(list(keys))
    return {keys[key]: (each["model"], datetime.fromisoformat(each["until"])) for key, each in told.items()}


def _rest_key(credential_id: int) -> str:
    return f"credential-rest:{credential_id}"
