"""Give models other names, take them away, point them elsewhere."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.entry import origin_of
from catalog.models import Alias, CatalogEntry, PublicName
from catalog.public_name import take_name
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.roles import require


@transaction.atomic
def add_alias(*, actor: Actor, name: str, entry: CatalogEntry) -> Alias:
    """Save `name` as another name of `entry`. Raises `ValidationError` when it is taken."""
    require(actor, "configure")
    _refuse_withdrawn(entry)
    taken = take_name(name, PublicName.Kind.ALIAS)
    alias = Alias.objects.create(name=taken, entry=entry, origin=origin_of(actor))
    log.record(actor, "alias.added", f"alias:{name}", after={"model": entry.slug})
    return alias


@transaction.atomic
def move_alias(*, actor: Actor, alias: Alias, entry: CatalogEntry) -> Alias:
    """Point an alias at another entry: calls by that name go there within seconds."""
    require(actor, "configure")
    _refuse_withdrawn(entry)
    before = alias.entry.slug
    if before != entry.slug:
        alias.entry, alias.origin = entry, origin_of(actor)
        alias.save(update_fields=["entry", "origin"])
        log.record(
            actor,
            "alias.moved",
            f"alias:{alias.name_id}",
            before={"model": before},
            after={"model": entry.slug},
        )
    return alias


@transaction.atomic
def remove_alias(*, actor: Actor, alias: Alias) -> None:
    """Take an alias away; the name is free for others at once."""
    require(actor, "configure")
    name, before = alias.name_id, {"model": alias.entry.slug}
    alias.delete()
    PublicName.objects.filter(name=name).delete()
    log.record(actor, "alias.removed", f"alias:{name}", before=before)


def _refuse_withdrawn(entry: CatalogEntry) -> None:
    if entry.withdrawn_at is not None:
        raise ValidationError({"entry": f"{entry.slug} is withdrawn: choose a model that can be called"})
    if entry.source == CatalogEntry.Source.DISCOVERED:
        raise ValidationError({"entry": f"{entry.slug} was found and not taken in yet: promote it first"})
