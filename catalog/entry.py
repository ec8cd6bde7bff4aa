"""Make, change and withdraw entries."""

from __future__ import annotations

from datetime import date
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.lifecycle import leads_back
from catalog.models import CatalogEntry, Origin, PublicName
from catalog.parameters import MAX_NAME, MAX_PARAMETERS, faults, is_name
from catalog.public_name import take_name
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require


class Facts(TypedDict, total=False):
    """What a person may say about an entry; the keys are fields of `CatalogEntry`."""

    name: str
    family: str
    description: str
    context_tokens: int | None
    output_limit_tokens: int | None
    input_modalities: list[str]
    output_modalities: list[str]
    capabilities: list[str]
    parameters: dict[str, dict[str, Any]]
    stands_for: str
    knowledge_on: date | None
    released_on: date | None
    deprecated_on: date | None
    sunset_on: date | None
    replacement: str
    facts_source: str
    facts_checked_on: date | None


def origin_of(actor: Actor) -> Origin:
    """Return who a row belongs to that `actor` writes: the bundled data never writes over it."""
    return Origin.FILE if actor.kind == "file" else Origin.PERSON


def claims(actor: Actor, origin: str) -> bool:
    """Return whether `actor` is a file that makes a row of another origin its own."""
    return actor.kind == "file" and origin != Origin.FILE


@transaction.atomic
def create_entry(*, actor: Actor, slug: str, **facts: Unpack[Facts]) -> CatalogEntry:
    """Save a new curated entry; its name is its slug unless `facts` has one.

    A withdrawn entry of this slug comes back with the new facts: it keeps its records; a discovered
    one is taken into the catalog. Raises `ValidationError` when the slug is taken or a fact is wrong.
    """
    require(actor, "configure")
    entry = CatalogEntry.objects.filter(slug=slug).first() or CatalogEntry(slug=slug)
    is_there = entry.source == CatalogEntry.Source.CURATED and entry.withdrawn_at is not None
    if not is_there or not PublicName.objects.filter(name=slug, kind=PublicName.Kind.ENTRY).exists():
        take_name(slug, PublicName.Kind.ENTRY)
    entry.withdrawn_at = None
    entry.source = CatalogEntry.Source.CURATED
    wanted: Facts = {"name": entry.name or slug, **facts}
    _save(entry, actor, wanted)
    log.record(actor, "model.created", f"model:{slug}", after=_plain(wanted))
    return entry


@transaction.atomic
def update_entry(*, actor: Actor, entry: CatalogEntry, **facts: Unpack[Facts]) -> CatalogEntry:
    """Save changed facts of an entry, which from now on belongs to who changed it.

    Nothing is written when nothing differs; but a file owns whatever it says something about.
    Raises `ValidationError` when a fact is wrong.
    """
    require(actor, "configure")
    before = {name: getattr(entry, name) for name, value in facts.items() if getattr(entry, name) != value}
    after = {name: facts[name] for name in before}  # type: ignore[literal-required]
    if facts and claims(actor, entry.origin):
        before, after = {**before, "origin": entry.origin}, {**after, "origin": origin_of(actor)}
    if before:
        _save(entry, actor, facts)
        log.record(actor, "model.changed", f"model:{entry.slug}", before=_plain(before), after=_plain(after))
    return entry


@transaction.atomic
def withdraw_entry(*, actor: Actor, entry: CatalogEntry) -> None:
    """Take an entry out of the catalog; its row, its name and its records stay.

    Raises `ValidationError` while an alias stands for it or a route lists it.
    """
    require(actor, "configure")
    if entry.withdrawn_at is not None:
        return
    aliases = list(entry.aliases.values_list("name_id", flat=True))
    if aliases:
        raise ValidationError(
            f"{entry.slug} cannot be withdrawn while {', '.join(aliases)} stands for it: "
            "remove the alias or point it at another model first"
        )
    routes = sorted(set(entry.route_targets.values_list("route_id", flat=True)))
    if routes:
        raise ValidationError(
            f"{entry.slug} cannot be withdrawn while the route {', '.join(routes)} lists it: "
            "take it out of the route first"
        )
    entry.withdrawn_at = clock.now()
    entry.origin = origin_of(actor)
    entry.save(update_fields=["withdrawn_at", "origin"])
    log.record(actor, "model.withdrawn", f"model:{entry.slug}")


def _save(entry: CatalogEntry, actor: Actor, facts: Facts) -> None:
    for name, value in facts.items():
        if name not in Facts.__annotations__:
            raise TypeError(f"{name!r} is no fact of an entry")
        if value is None and not CatalogEntry._meta.get_field(name).null:
            raise ValidationError({name: "cannot be null: leave it out to keep it as it is"})
        setattr(entry, name, value)
    if facts.get("replacement"):
        _check_replacement(entry)
    if "parameters" in facts:
        _check_parameters(facts["parameters"])
    entry.origin = origin_of(actor)
    entry.full_clean()
    entry.save()


def _check_replacement(entry: CatalogEntry) -> None:
    """Raise `ValidationError` where callers could not use what is named instead."""
    curated = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)
    replacements = dict(curated.values_list("slug", "replacement"))
    if entry.replacement != entry.slug and entry.replacement not in replacements:
        raise ValidationError({"replacement": f"{entry.replacement!r} is no model of the catalog"})
    if leads_back(entry.slug, {**replacements, entry.slug: entry.replacement}):
        raise ValidationError(
            {"replacement": f"{entry.replacement} leads back to {entry.slug}: name a model that stays"}
        )


def _check_parameters(parameters: Any) -> None:
    """Raise `ValidationError` with everything that is wrong with the descriptors."""
    if not isinstance(parameters, dict) or not all(isinstance(one, dict) for one in parameters.values()):
        raise ValidationError({"parameters": "must be an object of descriptors by the parameter's name"})
    wrong = [
        f"{name[:60]}: {key} {message}"
        for name, descriptor in parameters.items()
        for key, message in faults(descriptor, parameters)
    ]
    if len(parameters) > MAX_PARAMETERS:
        wrong.append(f"are more than {MAX_PARAMETERS}: state those that callers use")
    wrong += [
        f"{name[:60]!r}: a name has 1 to {MAX_NAME} letters" for name in parameters if not is_name(name)
    ]
    if wrong:
        raise ValidationError({"parameters": wrong})


def _plain(facts: Any) -> dict[str, Any]:
    """Return `facts` as JSON can hold them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}
