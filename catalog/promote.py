"""Take a discovered model into the curated catalog, where callers reach it.

Its id stays what it is, so that links, records and other providers' lists go on meeting at it; a
name of one's own becomes an alias of it. Its offers and their prices go on following the list.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.alias import add_alias
from catalog.discovery_models import CatalogEvent
from catalog.entry import origin_of
from catalog.listing_diff import Kind
from catalog.models import Alias, CatalogEntry, Offer, PublicName
from catalog.public_name import take_name
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require


@transaction.atomic
def promote(*, actor: Actor, entry: CatalogEntry, as_name: str = "", by: str = "") -> CatalogEntry:
    """Make a discovered model callable by its id, and by `as_name` where one is given.

    The events that told of it are accepted. Raises `ValidationError` when it is curated already or
    withdrawn, when nobody offers it, or when a name is taken.
    """
    require(actor, "configure")
    entry = CatalogEntry.objects.select_for_update().get(pk=entry.pk)
    offers = Offer.objects.filter(entry=entry, withdrawn_at=None, provider__removed_at=None)
    _refuse(entry, is_offered=offers.exists())
    _take_its_id(entry.slug)
    entry.source, entry.origin = CatalogEntry.Source.CURATED, origin_of(actor)
    entry.save(update_fields=["source", "origin"])
    after = {
        "source": entry.source,
        "offers": sorted(offers.values_list("provider__slug", flat=True)),
        **({"alias": as_name} if as_name else {}),
    }
    log.record(
        actor,
        "model.promoted",
        f"model:{entry.slug}",
        before={"source": CatalogEntry.Source.DISCOVERED.value},
        after=after,
    )
    if as_name and as_name != entry.slug:
        add_alias(actor=actor, name=as_name, entry=entry)
    told = CatalogEvent.objects.filter(entry=entry, kind=Kind.NEW.value, state=CatalogEvent.State.OPEN)
    told.update(
        state=CatalogEvent.State.ACCEPTED, decided_at=clock.now(), decided_by=(by or actor.label)[:200]
    )
    return entry


def _take_its_id(slug: str) -> None:
    try:
        take_name(slug, PublicName.Kind.ENTRY)
    except ValidationError:
        alias = Alias.objects.select_related("entry").filter(name_id=slug).first()
        if alias is None:
            raise
        raise ValidationError(
            f"its id {slug} is an alias of {alias.entry.slug} now: remove that alias first"
        ) from None


def _refuse(entry: CatalogEntry, *, is_offered: bool) -> None:
    if entry.source == CatalogEntry.Source.CURATED:
        raise ValidationError(f"{entry.slug} is in the catalog already: add an alias for another name")
    if entry.withdrawn_at is not None:
        raise ValidationError(
            f"{entry.slug} is withdrawn: no provider lists it any more. Promote it when it is listed again"
        )
    if not is_offered:
        raise ValidationError(f"no provider offers {entry.slug}: add it at a provider that has it")
